/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "CLinux.h"

#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t linux_start_traced(const char *path, char *const words[])
{
    pid_t child = fork();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && raise(SIGSTOP) == 0)
            execve(path, words, environ);
        _exit(127);
    }
    return child;
}

int linux_trace_calls(pid_t process)
{
    return (int)ptrace(PTRACE_SETOPTIONS, process, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
}

int linux_trace_on(pid_t process, int signal)
{
    return (int)ptrace(PTRACE_SYSCALL, process, NULL, (long)signal);
}

int linux_traced_write(pid_t process, int *fd, uint64_t *address, uint64_t *count)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process, (void *)sizeof(info), &info) < 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_write)
        return 0;
    *fd = (int)info.entry.args[0];
    *address = info.entry.args[1];
    *count = info.entry.args[2];
    return 1;
}

ssize_t linux_traced_bytes(pid_t process, uint64_t address, void *buffer, size_t count)
{
    struct iovec here = {.iov_base = buffer, .iov_len = count};
    struct iovec there = {.iov_base = (void *)address, .iov_len = count};
    return process_vm_readv(process, &here, 1, &there, 1, 0);
}

int linux_traced_skip(pid_t process)
{
    return (int)ptrace(PTRACE_POKEUSER, process, offsetof(struct user_regs_struct, orig_rax), -1L);
}

int linux_traced_result(pid_t process, long result)
{
    return (int)ptrace(PTRACE_POKEUSER, process, offsetof(struct user_regs_struct, rax), result);
}
