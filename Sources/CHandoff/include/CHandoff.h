/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pieces of code that run between kernels, and the saver kernel's first process, and what Swift tells them. */
#pragma once

#include "handoff.h"

/* Saving takes a kexec jump, which Linux has on this architecture only. */
#ifdef __x86_64__
#include "x86-64/guard.h"
#include "x86-64/purgatory.h"
#endif
