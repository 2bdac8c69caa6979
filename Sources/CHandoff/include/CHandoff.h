/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pieces of code that run between kernels, and the saver kernel's first process, and what Swift tells them. */
#pragma once

#include "guard.h"
#include "handoff.h"
#include "purgatory.h"
