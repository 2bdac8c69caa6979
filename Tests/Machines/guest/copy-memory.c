// SPDX-License-Identifier: GPL-2.0-or-later
//
// copy-memory MIB: copies that much from memory to memory; prints the seconds it took. The buffers
// are large enough that no cache holds them.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 32 << 20 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: copy-memory MIB\n", stderr);
        return 2;
    }
    char *from = malloc(SIZE), *to = malloc(SIZE);
    if (!from || !to) {
        perror("copy-memory");
        return 1;
    }
    // Pages of their own for both, before the clock starts.
    memset(from, 1, SIZE);
    memset(to, 2, SIZE);

    double start = now();
    size_t left = (size_t)atol(argv[1]) << 20;
    while (left > 0) {
        size_t part = left < SIZE ? left : SIZE;
        memcpy(to, from, part);
        // The copy must not be left out.
        __asm__ volatile("" : : "r"(to) : "memory");
        left -= part;
    }
    printf("%.3f\n", now() - start);
    return 0;
}
