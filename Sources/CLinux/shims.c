/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <cpuid.h>
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

long linux_kexec_load(unsigned long entry, unsigned long count,
                      const struct kexec_segment *segments, unsigned long flags)
{
    return syscall(SYS_kexec_load, entry, count, segments, flags);
}

int linux_block_size(int fd, uint64_t *bytes)
{
    return ioctl(fd, BLKGETSIZE64, bytes);
}

int linux_block_read_only(int fd, int *read_only)
{
    return ioctl(fd, BLKROGET, read_only);
}

int linux_block_flush_buffers(int fd)
{
    return ioctl(fd, BLKFLSBUF, 0);
}

int linux_reseed_random(int fd)
{
    return ioctl(fd, RNDRESEEDCRNG, 0);
}

int linux_freeze(int fd)
{
    return ioctl(fd, FIFREEZE, 0);
}

int linux_thaw(int fd)
{
    return ioctl(fd, FITHAW, 0);
}

int linux_make_mutable(int fd)
{
    int flags;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
        return errno == ENOTTY || errno == EOPNOTSUPP ? 0 : -1;
    if (!(flags & FS_IMMUTABLE_FL))
        return 0;
    flags &= ~FS_IMMUTABLE_FL;
    return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

int linux_uevent_socket(void)
{
    /* Group 1 is the kernel's, group 2 udev's. */
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 | 2 };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int linux_ring(void)
{
    struct io_uring_params parameters = { 0 };

    return (int)syscall(SYS_io_uring_setup, 1, &parameters);
}

int linux_ring_pin(int ring, const struct iovec *parts, unsigned int count)
{
    return (int)syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, parts, count);
}

const int linux_o_direct = O_DIRECT;

int linux_reboot_kexec(void)
{
    return reboot((int)RB_KEXEC);
}

int linux_reboot_power_off(void)
{
    return reboot((int)RB_POWER_OFF);
}

int linux_reboot_restart(void)
{
    return reboot((int)RB_AUTOBOOT);
}

int linux_usable_cpus(void)
{
    /* Room for 16384 CPUs; the kernel refuses a set smaller than its own. */
    cpu_set_t set[16];

    if (sched_getaffinity(0, sizeof set, set) != 0)
        return -1;
    return CPU_COUNT_S(sizeof set, set);
}

int linux_run_on_first_cpu(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(0, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

int linux_run_on_other_cpus(void)
{
    cpu_set_t set[16];

    /* The kernel ignores those that there are not. */
    memset(set, 0xff, sizeof set);
    CPU_CLR_S(0, sizeof set, set);
    return sched_setaffinity(0, sizeof set, set);
}

int linux_run_on_all_cpus(void)
{
    cpu_set_t set[16];

    memset(set, 0xff, sizeof set);
    return sched_setaffinity(0, sizeof set, set);
}

int linux_get_cpus(void *cpus)
{
    return sched_getaffinity(0, LINUX_CPU_BYTES, cpus);
}

int linux_set_cpus(const void *cpus)
{
    return sched_setaffinity(0, LINUX_CPU_BYTES, cpus);
}

int linux_cpu_has_la57(void)
{
    unsigned int eax, ebx, ecx, edx;

    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx & (1u << 16));
}
