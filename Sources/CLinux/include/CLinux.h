/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Swift's Glibc module does not offer.
 *
 * Headers that its module map leaves out, imported through this module:
 */
#pragma once

#include <linux/kexec.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/swap.h>
#include <sys/types.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

/* Calls through the variadic syscall(2): glibc has no wrapper. */
long linux_kexec_load(unsigned long entry, unsigned long count,
                      const struct kexec_segment *segments, unsigned long flags);

/* Calls through the variadic ioctl(2), whose request numbers are macros Swift cannot import.
 * Each returns 0, or -1 with errno set. */
int linux_block_size(int fd, uint64_t *bytes);
int linux_block_read_only(int fd, int *read_only);
int linux_block_flush_buffers(int fd);
int linux_freeze(int fd);
int linux_thaw(int fd);

/* Where a file's bytes are on the device of its file system (FS_IOC_FIEMAP), from the byte `start` of
 * the file on: fills at most `*count` extents, and tells how many. All is written out first. */
struct linux_extent {
    uint64_t offset, device_offset, size;
    uint32_t flags;
};
int linux_file_extents(int fd, uint64_t start, struct linux_extent *extents, uint32_t *count);
/* Of these flags, those with which the bytes on the device are not the file's: FIEMAP_EXTENT_*. */
extern const uint32_t linux_extent_elsewhere;
extern const uint32_t linux_extent_shared;

/* Whether a file of a btrfs is copied each time that it is written to: 1 or 0. A file system without
 * such a flag copies nothing. */
int linux_is_copied_on_write(int fd, int *is_copied);

/* How many devices a btrfs has, and the path of one by its number (BTRFS_IOC_FS_INFO and
 * BTRFS_IOC_DEV_INFO), with its zero. */
#define LINUX_BTRFS_PATH 1024
int linux_btrfs_device_count(int fd, uint64_t *count);
int linux_btrfs_device(int fd, uint64_t number, char path[LINUX_BTRFS_PATH]);

/* The chunk items of a btrfs (BTRFS_IOC_TREE_SEARCH_V2) whose logical address is `start` or above, as
 * many as fit, and how many these are. */
int linux_btrfs_chunks(int fd, uint64_t start, void *buffer, size_t size, uint32_t *count);

/* The targets of a device-mapper device (DM_TABLE_STATUS): specifications as in <linux/dm-ioctl.h>, from
 * the buffer's beginning, and how many. With `parameters` each has those that it was made with, of a
 * crypt target that may be the key; else its state. Fails with EOVERFLOW where they do not fit. */
int linux_dm_targets(int control, dev_t number, int parameters, void *buffer, size_t size,
                     uint32_t *count);

/* f_type of statfs(2); the values are of <linux/magic.h>. */
int linux_file_system(int fd, uint64_t *type);

/* PR_SET_DUMPABLE off: no core dump of this process, and nobody else traces it. prctl(2) is
 * variadic. Returns 0, or -1 with errno set. */
int linux_hide_memory(void);

/* malloc's M_MMAP_THRESHOLD fixed at its first value, which glibc otherwise raises. */
void linux_return_large_pieces(void);

/* ptrace(2) is variadic, and its structures clash between headers. A program that stops before it begins:
 * its process, or -1 with errno set. */
pid_t linux_start_traced(const char *path, char *const words[]);

/* That it stops at each system call, and when it has become the program. Returns 0, or -1 with errno set; so do
 * those below. */
int linux_trace_calls(pid_t process);

/* Lets it go on to the next stop, with a signal or 0. */
int linux_trace_on(pid_t process, int signal);

/* Whether it is about to call write(2), and with what. */
int linux_traced_write(pid_t process, int *fd, uint64_t *address, uint64_t *count);

/* Bytes of its memory. */
int linux_traced_bytes(pid_t process, uint64_t address, void *buffer, size_t count);

/* The system call that it is about to make is not made; what it returns all the same, at the next stop. */
int linux_traced_skip(pid_t process);
int linux_traced_result(pid_t process, long result);

/* Has the kernel's random number generator take a new key now. */
int linux_reseed_random(int fd);

/* Takes the immutable flag off a file. A file system that has no flags is no error. */
int linux_make_mutable(int fd);

/* A socket on which the kernel's uevents (lib/kobject_uevent.c, Linux 6.12) arrive, and udev's own
 * when it has dealt with them, or -1 with errno set. <linux/netlink.h> is built on macros and
 * types that Swift cannot import. */
int linux_uevent_socket(void);

/* A ring of io_uring(7), by liburing, whose header and that of another module here have the same structures.
 * Used by one thread at a time. Functions return 0, or a negative errno. */
struct linux_ring;
int linux_ring_open(unsigned int entries, struct linux_ring **ring);
void linux_ring_close(struct linux_ring *ring);

/* Once: the pages of these parts of memory stay in their frames until the ring is closed. */
int linux_ring_register(struct linux_ring *ring, const struct iovec *parts, unsigned int count);

/* Has preadv(2) wait in the ring to be submitted, with a number that comes back with its result. -EAGAIN
 * where the ring is full. */
int linux_ring_prepare_read(struct linux_ring *ring, int fd, const struct iovec *parts, unsigned int count,
                            uint64_t offset, uint64_t number);

/* Returns how many of those that wait are under way now, or a negative errno. */
int linux_ring_submit(struct linux_ring *ring);

/* Waits for one that is under way. */
int linux_ring_wait(struct linux_ring *ring, uint64_t *number, int *result);

/* open(2)'s O_DIRECT, which <fcntl.h> hides without _GNU_SOURCE. */
extern const int linux_o_direct;

/* The same for O_PATH and O_NOATIME. */
extern const int linux_o_path;
extern const int linux_o_noatime;

/* reboot(2)'s commands, macros that Swift imports with a type reboot() does not take. */
int linux_reboot_kexec(void);
int linux_reboot_power_off(void);
int linux_reboot_restart(void);

/* How many CPUs this process may run on (CPU_COUNT_S is a macro), or -1 with errno set. */
int linux_usable_cpus(void);

/* Lets this thread run on the first CPU only, or on all but that one (its macros again). Returns 0,
 * or -1 with errno set. */
int linux_run_on_first_cpu(void);
int linux_run_on_other_cpus(void);

/* Lets this thread, and those that it starts, run on any CPU: 0, or -1 and errno. */
int linux_run_on_all_cpus(void);

/* Which CPUs this thread may run on, a bit each in LINUX_CPU_BYTES bytes. */
#define LINUX_CPU_BYTES 2048
int linux_get_cpus(void *cpus);
int linux_set_cpus(const void *cpus);

/* CPUID leaf 7: 1 where the CPU knows LA57, used or not. <cpuid.h> is inline assembly. */
int linux_cpu_has_la57(void);
