/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * <getopt.h>, which Swift's Glibc module leaves out. Its results are global variables, which
 * Swift does not let a program read: these functions do.
 */
#pragma once

#include <getopt.h>

/* The argument of the option just found, or NULL. */
char *getopt_argument(void);

/* Where in argv the first operand is, once all options are found. */
int getopt_next_index(void);
