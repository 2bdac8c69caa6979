// SPDX-License-Identifier: GPL-2.0-or-later
//
// migrate-pages COMMAND [ARGUMENT...]: runs a command, and until it ends moves its memory from one
// NUMA node to the other and back.

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: migrate-pages COMMAND [ARGUMENT...]\n", stderr);
        return 2;
    }
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    int status;
    unsigned long moved = 0;
    for (int turn = 0; waitpid(child, &status, WNOHANG) == 0; turn = !turn) {
        unsigned long from = 1UL << turn, to = 1UL << !turn;
        if (syscall(SYS_migrate_pages, child, 8UL * sizeof from, &from, &to) >= 0)
            moved++;
        /* One that is starting a program, or ending, may have no memory: that is told in three ways. */
        else if (errno != ESRCH && errno != EINVAL && errno != EFAULT) {
            perror("migrate_pages");
            return 2;
        }
    }
    if (moved < 2) {
        fputs("migrate_pages: nothing was moved to and fro\n", stderr);
        return 2;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
