/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library is linked statically, so what it takes may be asked. */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
