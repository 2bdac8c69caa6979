// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// ext2, ext3 and ext4. Whoever mounts one to write to it counts that in the superblock; whoever mounts
/// one to read replays the journal, and only that says so.
///
/// Source: `struct ext4_super_block`, `struct ext4_group_desc`, `struct ext4_inode`, fs/ext4/ext4.h;
/// `struct ext4_extent_header`, fs/ext4/ext4_extents.h; `journal_superblock_t`, include/linux/jbd2.h;
/// Linux 6.12.
struct Ext: DiskFormat {
    private let superblock: [UInt8]

    private static let size = 1024
    private static let place: UInt64 = 1024

    init?(_ disk: DiskReader) {
        guard let bytes = disk.bytes(at: Self.place, count: Self.size),
            bytes.little(0x38, 2) == 0xef53,
            // 1 KiB to 64 KiB.
            bytes.little(0x18, 4) <= 6
        else { return nil }
        superblock = bytes
    }

    var identity: [UInt8] { Array(superblock[0x68..<0x78]) }

    func values(_ disk: DiskReader) -> [FileSystemState.Value]? {
        values + (journalValues(disk) ?? [])
    }

    private var values: [FileSystemState.Value] {
        [
            .init(.superblock, XXH64.hash(superblock)),
            .init(.mountTime, time(0x2c, high: 0x275)),
            .init(.mountCount, superblock.little(0x34, 2)),
            .init(.writeTime, time(0x30, high: 0x274)),
            .init(.checkTime, time(0x40, high: 0x277)),
        ]
    }

    private func time(_ offset: Int, high: Int) -> UInt64 {
        superblock.little(offset, 4) | UInt64(superblock[high]) << 32
    }

    private var blockSize: UInt64 { 1024 << superblock.little(0x18, 4) }

    private func journalValues(_ disk: DiskReader) -> [FileSystemState.Value]? {
        // EXT4_FEATURE_COMPAT_HAS_JOURNAL
        guard superblock.little(0x5c, 4) & 0x4 != 0 else { return nil }
        let inode = superblock.little(0xe0, 4)
        if inode == 0 { return [.init(.externalJournal, 1)] }
        guard let block = firstBlock(of: inode, disk), let place = product(block, blockSize),
            let journal = disk.bytes(at: place, count: Self.size),
            journal.big(0, 4) == 0xc03b_3998
        else { return nil }
        return [
            .init(.journalSequence, journal.big(0x18, 4)), .init(.journal, XXH64.hash(journal)),
        ]
    }

    /// In which block of the file system the file begins. Nil where it begins with none.
    private func firstBlock(of inode: UInt64, _ disk: DiskReader) -> UInt64? {
        // The journal's is 8, in the first group.
        guard inode >= 1, inode <= superblock.little(0x28, 4),
            let table = inodeTable(disk).flatMap({ product($0, blockSize) }),
            let place = sum(table, (inode - 1) * inodeSize),
            let bytes = disk.bytes(at: place, count: 128)
        else { return nil }
        let map = Array(bytes[0x28..<0x64])
        // EXT4_EXTENTS_FL
        return bytes.little(0x20, 4) & 0x8_0000 == 0
            ? map.little(0, 4) : firstBlock(ofExtents: map, disk)
    }

    /// `EXT4_GOOD_OLD_REV` has no field for it.
    private var inodeSize: UInt64 {
        superblock.little(0x4c, 4) == 0 ? 128 : superblock.little(0x58, 2)
    }

    /// Of the first group, whose descriptor is behind the superblock (`descriptor_loc`,
    /// fs/ext4/super.c), also where the other groups' are elsewhere.
    private func inodeTable(_ disk: DiskReader) -> UInt64? {
        let place = blockSize == Self.place ? 2 * blockSize : blockSize
        guard let bytes = disk.bytes(at: place, count: 64) else { return nil }
        // EXT4_FEATURE_INCOMPAT_64BIT
        let isLong = superblock.little(0x60, 4) & 0x80 != 0 && superblock.little(0xfe, 2) >= 64
        return bytes.little(8, 4) | (isLong ? bytes.little(0x28, 4) << 32 : 0)
    }

    private func firstBlock(ofExtents node: [UInt8], _ disk: DiskReader) -> UInt64? {
        var node = node
        // EXT4_MAX_EXTENT_DEPTH
        for _ in 0...5 {
            guard node.little(0, 2) == 0xf30a, node.little(2, 2) > 0, node.little(12, 4) == 0
            else { return nil }
            if node.little(6, 2) == 0 { return node.little(20, 4) | node.little(18, 2) << 32 }
            let child = node.little(16, 4) | node.little(20, 2) << 32
            guard let place = product(child, blockSize),
                let bytes = disk.bytes(at: place, count: Int(blockSize))
            else { return nil }
            node = bytes
        }
        return nil
    }
}
