/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <lzo/lzo1x.h>
