// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import CLinux
import SystemPackage

/// A part of the addresses of a btrfs, and where it is on a device. What that file system tells of where
/// a file lies (FS_IOC_FIEMAP) is one of its own addresses.
///
/// Sources: `struct btrfs_chunk`, include/uapi/linux/btrfs_tree.h, and `btrfs_ioctl_search_header`,
/// include/uapi/linux/btrfs.h, Linux 6.12; little endian. The ioctl is there since 3.16.
struct BtrfsChunk: Hashable {
    /// In bytes, as are size and place on the device.
    var address: UInt64
    var size: UInt64
    /// The device's number in the file system; nil where the chunk is on several, or there more than once,
    /// as those for the file system's own data are.
    var device: UInt64?
    var deviceOffset: UInt64 = 0

    /// All that a file system has, in ascending order. Needs CAP_SYS_ADMIN.
    static func all(
        of descriptor: borrowing OwnedDescriptor, _ path: FilePath
    ) throws(PlatformError) -> [BtrfsChunk] {
        let fd = descriptor.rawValue
        var chunks: [BtrfsChunk] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var count: UInt32 = 0
            let start = chunks.last.map { $0.address + $0.size } ?? 0
            try systemCall(.btrfsChunks, path) {
                linux_btrfs_chunks(fd, start, &buffer, buffer.count, &count)
            }
            if count == 0 { return chunks }
            guard let found = parse(buffer, count: Int(count)), let first = found.first,
                first.address >= start
            else { throw .malformed(path: path, line: chunks.count + 1) }
            chunks += found
        }
    }

    /// Nil where the items are not as the kernel writes them.
    static func parse(_ bytes: [UInt8], count: Int) -> [BtrfsChunk]? {
        var chunks: [BtrfsChunk] = []
        var start = 0
        for _ in 0..<count {
            // Behind 32 bytes that say what it is.
            let item = start + 32
            guard let address: UInt64 = bytes.integer(at: start + 16),
                let itemSize: UInt32 = bytes.integer(at: start + 28),
                let size: UInt64 = bytes.integer(at: item),
                let type: UInt64 = bytes.integer(at: item + 24),
                let stripes: UInt16 = bytes.integer(at: item + 44),
                let device: UInt64 = bytes.integer(at: item + 48),
                let deviceOffset: UInt64 = bytes.integer(at: item + 56),
                size > 0, !address.addingReportingOverflow(size).overflow,
                !deviceOffset.addingReportingOverflow(size).overflow,
                chunks.last.map({ $0.address + $0.size <= address }) != false
            else { return nil }
            var chunk = BtrfsChunk(address: address, size: size)
            if stripes == 1, type & Self.profiles == 0 {
                chunk.device = device
                chunk.deviceOffset = deviceOffset
            }
            chunks.append(chunk)
            start = item + Int(itemSize)
        }
        return chunks
    }

    /// BTRFS_BLOCK_GROUP_PROFILE_MASK: RAID0 to RAID1C4.
    private static let profiles: UInt64 = 0x7f8

    /// Extents whose place is an address of the file system, with their place on the device. Those that
    /// are on several are not the file's alone.
    static func place(
        _ extents: [FileBlocks.Extent], by chunks: [BtrfsChunk]
    ) -> [FileBlocks.Extent] {
        let device = chunks.lazy.compactMap(\.device).first
        var placed: [FileBlocks.Extent] = []
        for extent in extents {
            var extent = extent
            var left = extent.size
            while left > 0 {
                let address = extent.deviceOffset
                let chunk = chunks.last { $0.address <= address }
                guard extent.kind != .other, let chunk, chunk.device != nil,
                    chunk.device == device, address - chunk.address < chunk.size
                else {
                    extent.size = left
                    extent.kind = .other
                    placed.append(extent)
                    break
                }
                let size = min(left, chunk.size - (address - chunk.address))
                placed.append(
                    FileBlocks.Extent(
                        offset: extent.offset,
                        deviceOffset: chunk.deviceOffset + (address - chunk.address), size: size,
                        kind: extent.kind))
                extent.offset += size
                extent.deviceOffset += size
                left -= size
            }
        }
        return placed
    }
}
