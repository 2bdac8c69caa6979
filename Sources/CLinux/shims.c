/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#ifdef __x86_64__
#include <cpuid.h>
#endif
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/dm-ioctl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <liburing.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
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

int linux_hide_memory(void)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void linux_return_large_pieces(void)
{
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

int linux_freeze(int fd)
{
    return ioctl(fd, FIFREEZE, 0);
}

int linux_thaw(int fd)
{
    return ioctl(fd, FITHAW, 0);
}

int linux_file_extents(int fd, uint64_t start, struct linux_extent *extents, uint32_t *count)
{
    struct fiemap *map;
    uint32_t limit = *count, i;

    map = calloc(1, sizeof(*map) + limit * sizeof(map->fm_extents[0]));
    if (map == NULL)
        return -1;
    map->fm_start = start;
    map->fm_length = FIEMAP_MAX_OFFSET - start;
    map->fm_flags = FIEMAP_FLAG_SYNC;
    map->fm_extent_count = limit;
    if (ioctl(fd, FS_IOC_FIEMAP, map) != 0) {
        int error = errno;

        free(map);
        errno = error;
        return -1;
    }
    *count = map->fm_mapped_extents < limit ? map->fm_mapped_extents : limit;
    for (i = 0; i < *count; i++) {
        const struct fiemap_extent *extent = &map->fm_extents[i];

        extents[i].offset = extent->fe_logical;
        extents[i].device_offset = extent->fe_physical;
        extents[i].size = extent->fe_length;
        extents[i].flags = extent->fe_flags;
    }
    free(map);
    return 0;
}

const uint32_t linux_extent_elsewhere =
    FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED |
    FIEMAP_EXTENT_DATA_ENCRYPTED | FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_DATA_INLINE |
    FIEMAP_EXTENT_DATA_TAIL;
const uint32_t linux_extent_shared = FIEMAP_EXTENT_SHARED;

int linux_is_copied_on_write(int fd, int *is_copied)
{
    int flags;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
        return -1;
    *is_copied = !(flags & FS_NOCOW_FL);
    return 0;
}

int linux_btrfs_device_count(int fd, uint64_t *count)
{
    struct btrfs_ioctl_fs_info_args args = {0};

    if (ioctl(fd, BTRFS_IOC_FS_INFO, &args) != 0)
        return -1;
    *count = args.num_devices;
    return 0;
}

int linux_btrfs_device(int fd, uint64_t number, char path[LINUX_BTRFS_PATH])
{
    struct btrfs_ioctl_dev_info_args args = {.devid = number};

    _Static_assert(sizeof(args.path) == LINUX_BTRFS_PATH, "a path fits");
    if (ioctl(fd, BTRFS_IOC_DEV_INFO, &args) != 0)
        return -1;
    memcpy(path, args.path, sizeof(args.path));
    path[LINUX_BTRFS_PATH - 1] = 0;
    return 0;
}

int linux_btrfs_chunks(int fd, uint64_t start, void *buffer, size_t size, uint32_t *count)
{
    struct btrfs_ioctl_search_args_v2 *args = calloc(1, sizeof(*args) + size);
    int result;

    if (args == NULL)
        return -1;
    args->buf_size = size;
    args->key.tree_id = BTRFS_CHUNK_TREE_OBJECTID;
    args->key.min_objectid = args->key.max_objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID;
    args->key.min_type = args->key.max_type = BTRFS_CHUNK_ITEM_KEY;
    args->key.min_offset = start;
    args->key.max_offset = UINT64_MAX;
    args->key.max_transid = UINT64_MAX;
    args->key.nr_items = UINT32_MAX;
    result = ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, args);
    if (result == 0) {
        memcpy(buffer, args->buf, size);
        *count = args->key.nr_items;
    }
    int error = errno;
    free(args);
    errno = error;
    return result;
}

int linux_dm_targets(int control, dev_t number, int parameters, void *buffer, size_t size,
                     uint32_t *count)
{
    size_t total = sizeof(struct dm_ioctl) + size;
    struct dm_ioctl *request = calloc(1, total);
    int result;

    if (request == NULL)
        return -1;
    request->version[0] = DM_VERSION_MAJOR;
    request->data_size = total;
    request->data_start = sizeof(*request);
    request->dev = number;
    request->flags = DM_SKIP_LOCKFS_FLAG | (parameters ? DM_STATUS_TABLE_FLAG : DM_NOFLUSH_FLAG);
    result = ioctl(control, DM_TABLE_STATUS, request);
    int error = errno;
    if (result == 0 && (request->flags & DM_BUFFER_FULL_FLAG ||
                        request->data_start > total || request->data_size > total)) {
        result = -1;
        error = EOVERFLOW;
    }
    if (result == 0) {
        memcpy(buffer, (const char *)request + request->data_start,
               total - request->data_start < size ? total - request->data_start : size);
        *count = request->target_count;
    }
    free(request);
    errno = error;
    return result;
}

int linux_file_system(int fd, uint64_t *type)
{
    struct statfs status;

    if (fstatfs(fd, &status) != 0)
        return -1;
    *type = (uint64_t)status.f_type;
    return 0;
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

struct linux_ring {
    struct io_uring raw;
};

int linux_ring_open(unsigned int entries, struct linux_ring **result)
{
    struct linux_ring *ring = malloc(sizeof *ring);
    int error;

    if (!ring)
        return -ENOMEM;
    error = io_uring_queue_init(entries, &ring->raw, 0);
    if (error < 0) {
        free(ring);
        return error;
    }
    *result = ring;
    return 0;
}

void linux_ring_close(struct linux_ring *ring)
{
    io_uring_queue_exit(&ring->raw);
    free(ring);
}

int linux_ring_register(struct linux_ring *ring, const struct iovec *parts, unsigned int count)
{
    return io_uring_register_buffers(&ring->raw, parts, count);
}

int linux_ring_prepare_read(struct linux_ring *ring, int fd, const struct iovec *parts, unsigned int count,
                            uint64_t offset, uint64_t number)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring->raw);

    if (!entry)
        return -EAGAIN;
    io_uring_prep_readv(entry, fd, parts, count, offset);
    io_uring_sqe_set_data64(entry, number);
    return 0;
}

int linux_ring_submit(struct linux_ring *ring)
{
    return io_uring_submit(&ring->raw);
}

int linux_ring_wait(struct linux_ring *ring, uint64_t *number, int *result)
{
    struct io_uring_cqe *entry;
    int error = io_uring_wait_cqe(&ring->raw, &entry);

    if (error < 0)
        return error;
    *number = io_uring_cqe_get_data64(entry);
    *result = entry->res;
    io_uring_cqe_seen(&ring->raw, entry);
    return 0;
}

const int linux_o_direct = O_DIRECT;
const int linux_o_path = O_PATH;
const int linux_o_noatime = O_NOATIME;

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
#ifdef __x86_64__
    unsigned int eax, ebx, ecx, edx;

    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx & (1u << 16));
#else
    return 0;
#endif
}
