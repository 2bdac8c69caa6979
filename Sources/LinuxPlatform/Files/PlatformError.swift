// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Glibc
import SystemPackage

/// Why the kernel, or one of its files, did not give what was asked of it.
package enum PlatformError: ExplainedError, Hashable, Sendable {
    /// A call failed; `path` is what it was applied to.
    case call(Operation, path: FilePath?, Errno)

    /// A device did not take or give the `count` bytes at `offset`.
    case transfer(Direction, path: FilePath, offset: UInt64, count: Int, Errno)

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

    package enum Direction: Hashable, Sendable {
        case reading
        case writing
    }

    /// The kernel's error number; nil for what is not a failed call.
    package var number: Errno? {
        switch self {
        case .call(_, _, let number), .transfer(_, _, _, _, let number): number
        case .beyondEnd, .tooLarge, .malformed, .notStorage, .noDeviceNode, .frameUnknown,
            .pageAbsent:
            nil
        }
    }

    package var explanation: String {
        switch self {
        case .call(let operation, let path?, let number):
            "\(path): \(operation.rawValue): \(number)"
        case .call(let operation, nil, let number): "\(operation.rawValue): \(number)"
        case .transfer(let direction, let path, let offset, let count, let number):
            "\(path): \(direction) \(count) bytes at byte \(offset) failed: \(number); "
                + nextStep(after: number)
        case .beyondEnd(let path, let offset, let count, let size):
            "\(path) has \(size) bytes, too few for \(count) bytes at byte \(offset): "
                + "is it truncated?"
        case .tooLarge(let path, let limit):
            "\(path) has more than \(limit) bytes: is it the right file?"
        case .malformed(let path, let line): "\(path): line \(line) is not as the kernel writes it"
        case .notStorage(let path): "\(path) is neither a block device nor a regular file"
        case .noDeviceNode(let path):
            "the kernel has \(path), but there is no such node in /dev: mount devtmpfs there"
        case .frameUnknown:
            "the kernel does not tell which page frames our memory is in: this needs root, and a "
                + "kernel with CONFIG_PROC_PAGE_MONITOR"
        case .pageAbsent:
            "the kernel is moving our pages to other page frames; trying again may help"
        }
    }
}

extension PlatformError.Direction: CustomStringConvertible {
    package var description: String {
        switch self {
        case .reading: "reading"
        case .writing: "writing"
        }
    }
}

/// What to do about a transfer that failed.
private func nextStep(after number: Errno) -> String {
    switch number.rawValue {
    // What the block layer says of a device (`blk_errors`, block/blk-core.c, Linux 6.12).
    case EIO, ETIMEDOUT, ENOLINK, EREMOTEIO, ENODATA, EILSEQ, ENODEV, ENXIO:
        "the disk may be failing, dmesg tells more"
    default: "dmesg may tell more"
    }
}
