// SPDX-License-Identifier: GPL-2.0-or-later
//
// secret-memory RESULT: prints the number of a process that holds memory which not even the kernel
// maps (memfd_secret(2)), by its mapping alone. At SIGTERM that process writes to RESULT whether its
// memory is whole, and ends.

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const size_t size = 1 << 16;

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: secret-memory RESULT\n", stderr);
        return 2;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = (int)syscall(SYS_memfd_secret, 0);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0) {
        perror("memfd_secret");
        return 1;
    }
    unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    close(fd);
    memset(memory, 0x5a, size);
    pid_t child = fork();
    if (child != 0) {
        printf("%d\n", (int)child);
        return child < 0;
    }
    int signal;
    sigwait(&set, &signal);
    size_t whole = 0;
    while (whole < size && memory[whole] == 0x5a)
        whole++;
    FILE *result = fopen(argv[1], "w");
    fprintf(result, "%s\n", whole == size ? "whole" : "damaged");
    return fclose(result) != 0;
}
