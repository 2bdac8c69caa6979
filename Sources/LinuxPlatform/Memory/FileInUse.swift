// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// A regular file that programs have in use. It is kept open, so that it is the same one later, whatever
/// has been renamed or removed since.
package protocol FileInUse: AnyObject, Sendable {
    /// What it is used as.
    var use: FileUse { get }
    /// In bytes, when it was opened.
    var size: UInt64 { get }
    /// Which of these pages the kernel has in memory, by their numbers, in ascending ranges; at most `limit` of
    /// such ranges. Ends early where that is not wanted any more.
    func cachedPages(
        in pages: Range<UInt64>, limit: Int, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> [Range<UInt64>]
    /// Has the kernel read pages, by their numbers, and does not wait for all of them. What cannot be read is
    /// not told.
    func readAhead(_ pages: Range<UInt64>) throws(PlatformError)
}

extension FileInUse {
    /// All that it had when it was opened, by their numbers.
    package var pages: Range<UInt64> { 0..<(size / 4096 + (size % 4096 == 0 ? 0 : 1)) }
}

/// The most urgent first.
package enum FileUse: Int, Comparable, Sendable {
    /// A program, or a library of one: its code is mapped.
    case program
    case mapped
    case open

    package static func < (left: FileUse, right: FileUse) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The real one.
final class OpenFile: FileInUse {
    private static let pageSize = 4096

    let use: FileUse
    let size: UInt64
    /// Two of them are the same file where this is the same.
    let identity: Identity
    private let path: FilePath
    private let descriptor: OwnedDescriptor

    struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// What is mapped at a time to be asked about, in pages: 256 MiB.
    private static let window = 64 << 10
    /// In pages. The kernel reads no more at once than the larger of a device's read-ahead, 128 KiB as a rule,
    /// and its largest transfer, and passes over the rest: `force_page_cache_ra`, mm/readahead.c, Linux 6.12.
    private static let piece: UInt64 = 32

    /// Nil where it is no regular file, or already in `known`: it is looked at before it is opened, for to open
    /// a device may do something. Neither waits for anybody who has a lease on it, nor leaves a trace in its
    /// time of access.
    init?(
        _ path: FilePath, as use: FileUse, unlessIn known: inout Set<Identity>
    ) throws(PlatformError) {
        let reference = try OwnedDescriptor(open: path, linux_o_path)
        let status = try stat(descriptor: reference, path)
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        guard status.isRegularFile, known.insert(identity).inserted else { return nil }
        self.use = use
        self.path = path
        size = UInt64(clamping: status.st_size)
        // The very file that was looked at.
        descriptor = try OwnedDescriptor(
            open: FilePath("/proc/self/fd/\(reference.rawValue)"),
            O_RDONLY | O_NONBLOCK | linux_o_noatime)
    }

    /// Nothing of what is mapped is touched. The corresponding C function is `mincore`, which tells the owner
    /// of a file, and root: `can_do_mincore`, mm/mincore.c, Linux 6.12.
    func cachedPages(
        in pages: Range<UInt64>, limit: Int, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        let end = Int(pages.upperBound)
        var states = [UInt8](repeating: 0, count: min(pages.count, Self.window))
        for first in stride(from: Int(pages.lowerBound), to: end, by: Self.window) {
            if isUnwanted() { break }
            let count = min(Self.window, end - first)
            let fd = descriptor.rawValue
            let address = mmap(
                nil, count * Self.pageSize, PROT_NONE, MAP_SHARED, fd, first * Self.pageSize)
            guard let address, address != MAP_FAILED else {
                throw .call(.mmap, path: path, Errno(rawValue: errno))
            }
            defer { munmap(address, count * Self.pageSize) }
            try systemCall(.mincore, path) { mincore(address, count * Self.pageSize, &states) }
            for page in 0..<count where states[page] & 1 != 0 {
                let number = UInt64(first + page)
                if ranges.last?.upperBound == number {
                    ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<number + 1
                } else if ranges.count < limit {
                    ranges.append(number..<number + 1)
                } else {
                    return ranges
                }
            }
        }
        return ranges
    }

    /// The corresponding C function is `posix_fadvise` (POSIX_FADV_WILLNEED), which does what Linux has in
    /// `readahead`, too: `ksys_readahead`, mm/readahead.c, Linux 6.12.
    func readAhead(_ pages: Range<UInt64>) throws(PlatformError) {
        var first = pages.lowerBound
        while first < pages.upperBound {
            let count = min(Self.piece, pages.upperBound - first)
            let error = posix_fadvise(
                descriptor.rawValue, Int(first) * Self.pageSize, Int(count) * Self.pageSize,
                POSIX_FADV_WILLNEED)
            if error != 0 { throw .call(.adviseFile, path: path, Errno(rawValue: error)) }
            first += count
        }
    }
}
