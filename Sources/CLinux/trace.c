/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "CLinux.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
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

int linux_traced_bytes(pid_t process, uint64_t address, void *buffer, size_t count)
{
    /* process_vm_readv(2) is not in every kernel. A word does not cross a page. */
    for (size_t done = 0; done < count;) {
        uint64_t start = (address + done) & ~7ull, skipped = (address + done) & 7;
        errno = 0;
        long word = ptrace(PTRACE_PEEKDATA, process, (void *)start, NULL);
        if (errno != 0)
            return -1;
        size_t part = 8 - skipped < count - done ? 8 - skipped : count - done;
        memcpy((char *)buffer + done, (char *)&word + skipped, part);
        done += part;
    }
    return 0;
}

#if defined(__x86_64__)
int linux_traced_skip(pid_t process)
{
    return (int)ptrace(PTRACE_POKEUSER, process, offsetof(struct user_regs_struct, orig_rax), -1L);
}

int linux_traced_result(pid_t process, long result)
{
    return (int)ptrace(PTRACE_POKEUSER, process, offsetof(struct user_regs_struct, rax), result);
}
#elif defined(__aarch64__)
int linux_traced_skip(pid_t process)
{
    int call = -1;
    struct iovec part = {&call, sizeof(call)};
    return (int)ptrace(PTRACE_SETREGSET, process, NT_ARM_SYSTEM_CALL, &part);
}

int linux_traced_result(pid_t process, long result)
{
    struct user_regs_struct registers;
    struct iovec part = {&registers, sizeof(registers)};
    if (ptrace(PTRACE_GETREGSET, process, NT_PRSTATUS, &part) < 0)
        return -1;
    registers.regs[0] = (unsigned long long)result;
    return (int)ptrace(PTRACE_SETREGSET, process, NT_PRSTATUS, &part);
}
#endif
