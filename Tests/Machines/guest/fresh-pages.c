// SPDX-License-Identifier: GPL-2.0-or-later
//
// fresh-pages MIB: takes memory that was never touched, and says how many bytes of it are not
// zero. A kernel that zeroes pages when they are freed does not look at them again.

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: fresh-pages MIB\n", stderr);
        return 2;
    }
    size_t size = strtoul(argv[1], NULL, 10) << 20;
    unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    size_t dirty = 0;
    for (size_t i = 0; i < size; i++)
        dirty += memory[i] != 0;
    printf("%zu\n", dirty);
    return 0;
}
