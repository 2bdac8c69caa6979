// SPDX-License-Identifier: GPL-2.0-or-later
//
// swapon-at PRIORITY DEVICE [discard]: busybox as Debian builds it activates swap without a priority
// only. With `discard`, freed pages are discarded.

#include <stdio.h>
#include <stdlib.h>
#include <sys/swap.h>

// Not in the C library's header: include/linux/swap.h, Linux 6.12.
enum { DISCARD = 0x10000, DISCARD_PAGES = 0x40000 };

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fputs("usage: swapon-at PRIORITY DEVICE [discard]\n", stderr);
        return 2;
    }
    int discard = argc == 4 ? DISCARD | DISCARD_PAGES : 0;
    if (swapon(argv[2], SWAP_FLAG_PREFER | atoi(argv[1]) | discard) != 0) {
        perror(argv[2]);
        return 1;
    }
    return 0;
}
