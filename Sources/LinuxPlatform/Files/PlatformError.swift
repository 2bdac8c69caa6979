// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Why the kernel, or one of its files, did not give what was asked of it.
package enum PlatformError: Error, Hashable, Sendable {
    /// A system call failed. `name` is the call's, with the request for an ioctl
    /// ("ioctl BLKGETSIZE64"); `path` is what it was applied to.
    case call(_ name: String, path: FilePath?, Errno)

    /// The device or file ends at `size` bytes, before the bytes asked for at `offset`.
    case beyondEnd(path: FilePath, offset: UInt64, count: Int, size: UInt64)

    /// A file has more than the `limit` bytes that anything sensible would hold.
    case tooLarge(path: FilePath, limit: Int)

    /// A file of the kernel's is not as the kernel writes it; `line` counts from 1.
    case malformed(path: FilePath, line: Int)

    /// Neither a block device nor a regular file.
    case notStorage(path: FilePath)

    /// sysfs has this block device and /dev has no node for it.
    case noDeviceNode(path: FilePath)

    /// /proc/self/pagemap does not name the page frame behind our own memory: CAP_SYS_ADMIN is
    /// missing.
    case frameUnknown

    /// A page of our own memory is in no frame: never touched, swapped out, or on its way from one
    /// frame to another.
    case pageAbsent

    /// The kernel's error number; nil for what is not a failed call.
    package var number: Errno? {
        if case .call(_, _, let number) = self { number } else { nil }
    }
}
