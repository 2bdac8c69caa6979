// SPDX-License-Identifier: GPL-2.0-or-later
//
// interrupt-at SIGNAL PLACE COMMAND [ARGUMENT...]: runs a command and sends it a signal at one of
// its system calls: the PLACEth that it enters (counted from 1, all threads together), or its first
// `swapoff` or `reboot`. Signal 0 is none. The jump by kexec always fails, with ENOSYS.
//
// Ends as the command ends. How many calls that was is in /run/interrupt-at.

#define _GNU_SOURCE
#include <errno.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static long calls, place, wanted;
static int signal_number;
static pid_t child;

// A thread enters a system call.
static void enter(pid_t thread)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    long call = (long)info.entry.nr;
    calls++;
    if (signal_number != 0 && (calls == place || call == wanted)) {
        kill(child, signal_number);
        signal_number = 0;
    }
    if (call == SYS_reboot && info.entry.args[2] == LINUX_REBOOT_CMD_KEXEC)
        ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, orig_rax), -1L);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: interrupt-at SIGNAL PLACE COMMAND [ARGUMENT...]\n", stderr);
        return 2;
    }
    signal_number = atoi(argv[1]);
    place = atol(argv[2]);
    wanted = strcmp(argv[2], "swapoff") == 0 ? SYS_swapoff :
             strcmp(argv[2], "reboot") == 0 ? SYS_reboot : -1;

    child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    int status, result = 0;
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, NULL,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    for (;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread == -1 && errno == EINTR)
            continue;
        if (thread == -1)
            break;
        if (!WIFSTOPPED(status)) {
            if (thread == child)
                result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            continue;
        }
        // A new thread begins with SIGSTOP, an event comes as SIGTRAP.
        long deliver = WSTOPSIG(status);
        if (deliver == (SIGTRAP | 0x80))
            enter(thread);
        if (deliver == (SIGTRAP | 0x80) || deliver == SIGTRAP || deliver == SIGSTOP)
            deliver = 0;
        ptrace(PTRACE_SYSCALL, thread, NULL, deliver);
    }
    FILE *note = fopen("/run/interrupt-at", "w");
    if (note != NULL) {
        fprintf(note, "%ld\n", calls);
        fclose(note);
    }
    return result;
}
