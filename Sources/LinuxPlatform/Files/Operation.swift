// SPDX-License-Identifier: GPL-2.0-or-later

extension PlatformError {
    /// What was called and can fail: system calls, the C library, libblkid.
    ///
    /// The raw value is for messages: the function's name, with the request for an ioctl.
    package enum Operation: String, Hashable, Sendable {
        // Files.
        case open, stat, fstat, read, write, pread, fsync, fdatasync, unlink, opendir, readdir,
            realpath
        case mkdir, rename, mount, symlink
        case adviseFile = "posix_fadvise"
        case getFlags = "ioctl FS_IOC_GETFLAGS"
        case setFlags = "ioctl FS_IOC_SETFLAGS"
        case fileExtents = "ioctl FS_IOC_FIEMAP"
        case fileSystem = "fstatfs"
        case freeSpace = "statvfs"
        case btrfsInfo = "ioctl BTRFS_IOC_FS_INFO"
        case btrfsDevice = "ioctl BTRFS_IOC_DEV_INFO"
        case mapperTargets = "ioctl DM_TABLE_STATUS"
        case btrfsChunks = "ioctl BTRFS_IOC_TREE_SEARCH_V2"
        case freeze = "ioctl FIFREEZE"
        case thaw = "ioctl FITHAW"

        // Block devices and swap.
        case blockSize = "ioctl BLKGETSIZE64"
        case blockReadOnly = "ioctl BLKROGET"
        case flushBlockBuffers = "ioctl BLKFLSBUF"
        case swapon, swapoff
        case newProbe = "blkid_new_probe"
        case setProbeDevice = "blkid_probe_set_device"
        case safeProbe = "blkid_do_safeprobe"

        // Memory.
        case malloc, mmap, madvise, mlock, mincore
        case setUpRing = "io_uring_setup"
        case registerBuffers = "io_uring_register"

        // The kernel.
        case reseed = "ioctl RNDRESEEDCRNG"
        case socket, poll, uname, reboot, pipe
        case spawn = "posix_spawn"
        case wait = "waitpid"
        case ptrace
        case kexecLoad = "kexec_load"
    }
}
