// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// Where a regular file's bytes are on the device of its file system, as the kernel tells it.
package struct FileBlocks: Hashable, Sendable {
    /// Some consecutive bytes of the file, all in bytes.
    package struct Extent: Hashable, Sendable {
        /// In the file.
        package var offset: UInt64
        /// On the device.
        package var deviceOffset: UInt64
        package var size: UInt64
        package var kind: Kind

        package init(offset: UInt64, deviceOffset: UInt64, size: UInt64, kind: Kind = .own) {
            self.offset = offset
            self.deviceOffset = deviceOffset
            self.size = size
            self.kind = kind
        }
    }

    package enum Kind: Hashable, Sendable {
        case own
        /// Other files have the same bytes, by a snapshot or a copy.
        case shared
        /// What is on the device is not what the file holds: packed, encrypted, or
        /// copied to another place when it is written to; or it is not on the device yet.
        case other
    }

    package var fileSystem: FileSystem
    /// Nil where there are several.
    package var device: FilePath?
    /// In bytes.
    package var size: UInt64
    /// In the file's order; what is between them is a hole.
    package var extents: [Extent]

    /// Those that can tell.
    package enum FileSystem: String, Hashable, Sendable {
        /// Also ext2 and ext3.
        case ext4
        case xfs
        case btrfs

        /// By the number of include/uapi/linux/magic.h, Linux 6.12.
        init?(magic: UInt64) {
            switch magic {
            case 0xef53: self = .ext4
            case 0x5846_5342: self = .xfs
            case 0x9123_683e: self = .btrfs
            default: return nil
            }
        }
    }

    package init(
        fileSystem: FileSystem, device: FilePath?, size: UInt64, extents: [Extent]
    ) {
        self.fileSystem = fileSystem
        self.device = device
        self.size = size
        self.extents = extents
    }

    /// Asks the kernel, which writes out first what it holds back. Nil for a file system that cannot
    /// tell. For btrfs this needs CAP_SYS_ADMIN.
    package static func of(_ path: FilePath) throws(PlatformError) -> FileBlocks? {
        let descriptor = try OwnedDescriptor(open: path, O_RDONLY)
        let status = try stat(descriptor: descriptor, path)
        let fd = descriptor.rawValue
        var magic: UInt64 = 0
        try systemCall(.fileSystem, path) { linux_file_system(fd, &magic) }
        guard status.isRegularFile, let fileSystem = FileSystem(magic: magic) else { return nil }
        var blocks = FileBlocks(
            fileSystem: fileSystem, device: nil, size: UInt64(clamping: status.st_size),
            extents: try extents(of: descriptor, path))
        guard fileSystem == .btrfs else {
            let number = DeviceNumber(status.st_dev)
            blocks.device =
                try BlockDeviceList.current().entries.first { $0.number == number }?.path
            return blocks
        }
        var count: UInt64 = 0
        try systemCall(.btrfsInfo, path) { linux_btrfs_device_count(fd, &count) }
        if count != 1 { return blocks }
        let chunks = try BtrfsChunk.all(of: descriptor, path)
        if let number = chunks.lazy.compactMap(\.device).first {
            blocks.device = try btrfsDevice(number, of: descriptor, path)
        }
        blocks.extents = BtrfsChunk.place(blocks.extents, by: chunks)
        var isCopied: CInt = 0
        try systemCall(.getFlags, path) { linux_is_copied_on_write(fd, &isCopied) }
        if isCopied != 0 {
            for index in blocks.extents.indices { blocks.extents[index].kind = .other }
        }
        return blocks
    }

    private static func extents(
        of descriptor: borrowing OwnedDescriptor, _ path: FilePath
    ) throws(PlatformError) -> [Extent] {
        let fd = descriptor.rawValue
        var extents: [Extent] = []
        var batch = [linux_extent](repeating: linux_extent(), count: 512)
        while true {
            var count = UInt32(batch.count)
            let start = extents.last?.end ?? 0
            try systemCall(.fileExtents, path) {
                linux_file_extents(fd, start, &batch, &count)
            }
            for extent in batch[..<Int(count)].map(Extent.init) {
                // A list that does not go on would have no end.
                guard extent.size > 0, !extent.offset.addingReportingOverflow(extent.size).overflow,
                    extents.isEmpty || extent.offset >= start
                else { throw .malformed(path: path, line: extents.count + 1) }
                extents.append(extent)
            }
            if count == 0 { return extents }
        }
    }

    private static func btrfsDevice(
        _ number: UInt64, of descriptor: borrowing OwnedDescriptor, _ path: FilePath
    ) throws(PlatformError) -> FilePath {
        let fd = descriptor.rawValue
        var name = [CChar](repeating: 0, count: Int(LINUX_BTRFS_PATH))
        try systemCall(.btrfsDevice, path) { linux_btrfs_device(fd, number, &name) }
        return FilePath(platformString: name)
    }
}

extension FileBlocks.Extent {
    fileprivate var end: UInt64 { offset + size }

    fileprivate init(_ extent: linux_extent) {
        let kind: FileBlocks.Kind =
            extent.flags & linux_extent_elsewhere != 0
            ? .other : extent.flags & linux_extent_shared != 0 ? .shared : .own
        self.init(
            offset: extent.offset, deviceOffset: extent.device_offset, size: extent.size,
            kind: kind)
    }
}
