/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "CGetopt.h"

char *getopt_argument(void)
{
    return optarg;
}

int getopt_next_index(void)
{
    return optind;
}
