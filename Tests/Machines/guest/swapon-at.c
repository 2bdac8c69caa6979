// SPDX-License-Identifier: GPL-2.0-or-later
//
// swapon-at PRIORITY DEVICE: busybox as Debian builds it activates swap without a priority only.

#include <stdio.h>
#include <stdlib.h>
#include <sys/swap.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: swapon-at PRIORITY DEVICE\n", stderr);
        return 2;
    }
    if (swapon(argv[2], SWAP_FLAG_PREFER | atoi(argv[1])) != 0) {
        perror(argv[2]);
        return 1;
    }
    return 0;
}
