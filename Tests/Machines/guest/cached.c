// SPDX-License-Identifier: GPL-2.0-or-later
//
// cached FILE       prints how much of it is in the page cache, in KiB
// cached hold FILE  maps it without touching a page, and closes it; ends when it is killed

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *map(const char *path, size_t *size)
{
    int file = open(path, O_RDONLY);
    struct stat status;
    void *memory = MAP_FAILED;
    if (file >= 0 && fstat(file, &status) == 0)
        memory = mmap(NULL, *size = (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        perror(path);
        exit(2);
    }
    close(file);
    return memory;
}

int main(int argc, char **argv)
{
    size_t size;
    if (argc == 3 && strcmp(argv[1], "hold") == 0) {
        map(argv[2], &size);
        for (;;)
            pause();
    }
    if (argc != 2) {
        fputs("usage: cached [hold] FILE\n", stderr);
        return 2;
    }
    void *memory = map(argv[1], &size);
    size_t pages = (size + 4095) / 4096, count = 0;
    unsigned char *states = malloc(pages);
    if (!states || mincore(memory, size, states) != 0) {
        perror(argv[1]);
        return 2;
    }
    for (size_t i = 0; i < pages; i++)
        count += states[i] & 1;
    printf("%zu\n", count * 4);
    return 0;
}
