/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two pieces of code that run between kernels, and what Swift tells them. */
#pragma once

#include "handoff.h"
#include "purgatory.h"
