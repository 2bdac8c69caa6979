// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// ext2, ext3 and ext4.
///
/// Source: `struct ext4_super_block`, `struct ext4_group_desc`, `struct ext4_inode`,
/// `struct ext4_dir_entry_2`, fs/ext4/ext4.h; `struct ext4_extent_header`, fs/ext4/ext4_extents.h;
/// `descriptor_loc`, fs/ext4/super.c; `ext4_bg_has_super`, fs/ext4/balloc.c; Linux 6.12. Little endian.
struct ExtTree: FileTree {
    private let disk: DiskReader
    private let superblock: [UInt8]
    /// In bytes, as is the size of a descriptor and of an inode.
    private let blockSize: UInt64
    private let descriptorSize: UInt64
    private let inodeSize: UInt64
    private let inodesPerGroup: UInt64
    /// EXT4_FEATURE_INCOMPAT_META_BG: from which block of descriptors on they are with their groups.
    private let firstMetaBlock: UInt64

    init?(_ disk: DiskReader) {
        guard let bytes = disk.bytes(at: 1024, count: 1024), bytes.little(0x38, 2) == 0xef53,
            bytes.little(0x18, 4) <= 6
        else { return nil }
        blockSize = 1024 << bytes.little(0x18, 4)
        let features = bytes.little(0x60, 4)
        // EXT4_FEATURE_INCOMPAT_64BIT
        descriptorSize = features & 0x80 == 0 ? 32 : bytes.little(0xfe, 2)
        // EXT4_GOOD_OLD_REV has no field for it.
        inodeSize = bytes.little(0x4c, 4) == 0 ? 128 : bytes.little(0x58, 2)
        inodesPerGroup = bytes.little(0x28, 4)
        firstMetaBlock = features & 0x10 == 0 ? .max : bytes.little(0x104, 4)
        // JOURNAL_DEV is no file system.
        guard features & 0x8 == 0, (32...blockSize).contains(descriptorSize),
            features & 0x80 == 0 || descriptorSize >= 64, (128...blockSize).contains(inodeSize),
            inodesPerGroup > 0
        else { return nil }
        superblock = bytes
        self.disk = disk
    }

    let root = FileNumber(number: 2)

    func file(_ number: FileNumber) -> File? {
        guard number.number >= 1, number.number <= superblock.little(0, 4) else { return nil }
        let index = number.number - 1
        guard let table = inodeTable(ofGroup: index / inodesPerGroup),
            let place = sum(product(table, blockSize), index % inodesPerGroup * inodeSize),
            let inode = disk.bytes(at: place, count: 128)
        else { return nil }
        return File(
            number, mode: inode.little(0, 2),
            owner: inode.little(2, 2) | inode.little(0x78, 2) << 16,
            size: inode.little(4, 4) | inode.little(0x6c, 4) << 32, inode: inode)
    }

    private func inodeTable(ofGroup group: UInt64) -> UInt64? {
        let inBlock = blockSize / descriptorSize
        guard let start = product(descriptorBlock(group / inBlock), blockSize),
            let place = sum(start, group % inBlock * descriptorSize),
            let bytes = disk.bytes(at: place, count: Int(min(descriptorSize, 64)))
        else { return nil }
        return bytes.little(8, 4) | (bytes.count >= 64 ? bytes.little(0x28, 4) << 32 : 0)
    }

    /// Requires the number of one that a group number of 32 bits leads to.
    private func descriptorBlock(_ number: UInt64) -> UInt64 {
        // Behind the superblock, which is in block 1 where blocks are small.
        guard number >= firstMetaBlock else { return (blockSize == 1024 ? 2 : 1) + number }
        let group = number * (blockSize / descriptorSize)
        let first = group * superblock.little(0x20, 4) + superblock.little(0x14, 4)
        let isShifted = blockSize == 1024 && number == 0 && superblock.little(0x14, 4) == 0
        return first + (hasSuperblock(group) ? 1 : 0) + (isShifted ? 1 : 0)
    }

    private func hasSuperblock(_ group: UInt64) -> Bool {
        if group == 0 { return true }
        // EXT4_FEATURE_COMPAT_SPARSE_SUPER2
        if superblock.little(0x5c, 4) & 0x200 != 0 {
            return group == superblock.little(0x24c, 4) || group == superblock.little(0x250, 4)
        }
        // EXT4_FEATURE_RO_COMPAT_SPARSE_SUPER
        if group == 1 || superblock.little(0x64, 4) & 1 == 0 { return true }
        for base in [UInt64(3), 5, 7] {
            var power = base
            while power < group { power *= base }
            if power == group { return true }
        }
        return false
    }

    func firstByte(of file: File) -> UInt64? {
        // EXT4_ENCRYPT_FL
        if file.inode.little(0x20, 4) & 0x800 != 0 { return nil }
        let runs = runs(of: file, limit: 1)
        guard runs.count >= 3, runs[0] == 0, runs[1] != 0 else { return nil }
        return product(runs[1], blockSize)
    }

    func entries(of directory: File, _ tell: (DirectoryEntry) -> Bool) {
        let runs = runs(of: directory, limit: 1 << 12)
        var index = 0
        while index < runs.count {
            for block in runs[index + 1]..<runs[index + 1] + runs[index + 2] {
                guard let place = product(block, blockSize),
                    let bytes = disk.bytes(at: place, count: Int(blockSize))
                else { break }
                if !entries(in: bytes, tell) { return }
            }
            index += 3
        }
    }

    /// Also in a directory with an index: that is in what looks like empty entries.
    private func entries(in block: [UInt8], _ tell: (DirectoryEntry) -> Bool) -> Bool {
        // EXT4_FEATURE_INCOMPAT_FILETYPE
        let hasKinds = superblock.little(0x60, 4) & 0x2 != 0
        var place = 0
        while place + 12 <= block.count {
            let number = block.little(place, 4)
            var length = Int(block.little(place + 4, 2))
            // `ext4_rec_len_from_disk`: blocks of 64 KiB.
            if length == 0 || length == 0xffff { length = block.count }
            let end = 8 + Int(block[place + 6])
            guard length >= 12, end <= length, length <= block.count - place else { return true }
            let kind = hasKinds ? DirectoryEntry.Kind(rawValue: block[place + 7]) : .unknown
            let name = Array(block[place + 8..<place + end])
            place += length
            if number != 0,
                !tell(DirectoryEntry(name, FileNumber(number: number), kind ?? .other))
            {
                return false
            }
        }
        return true
    }

    /// Consecutive blocks, in the file's order: for each the number in the file, that on the device, and how
    /// many they are.
    private func runs(of file: File, limit: Int) -> [UInt64] {
        let flags = file.inode.little(0x20, 4)
        // EXT4_INLINE_DATA_FL: no such directory is looked through; mkfs.ext4 has to be asked for them.
        if flags & 0x1000_0000 != 0 { return [] }
        var runs: [UInt64] = []
        var map = Array(file.inode[0x28..<0x64])
        // EXT4_EXTENTS_FL
        if flags & 0x8_0000 != 0 {
            addExtents(in: map, depth: nil, to: &runs, limit)
            return runs
        }
        // One level more; nobody has such a directory with more.
        if limit > 1, let place = product(map.little(48, 4), blockSize), place > 0,
            let more = disk.bytes(at: place, count: Int(blockSize))
        {
            map = map[..<48] + more
        } else {
            map = Array(map[..<48])
        }
        for index in 0..<map.count / 4 {
            let block = map.little(4 * index, 4)
            if block != 0, runs.count < 3 * limit { runs += [UInt64(index), block, 1] }
        }
        return runs
    }

    /// - Parameter depth: that of this node; nil for the uppermost.
    private func addExtents(
        in node: [UInt8], depth: UInt64?, to runs: inout [UInt64], _ limit: Int
    ) {
        let count = Int(node.little(2, 2))
        let own = node.little(6, 2)
        // EXT4_EXT_MAGIC, EXT4_MAX_EXTENT_DEPTH
        guard node.little(0, 2) == 0xf30a, own <= 5, own == depth ?? own,
            12 + 12 * count <= node.count
        else { return }
        for index in 0..<count where runs.count < 3 * limit {
            let place = 12 + 12 * index
            if own == 0 {
                let length = node.little(place + 4, 2)
                // More means that it is not written yet: EXT_INIT_MAX_LEN.
                guard length <= 0x8000 else { continue }
                let block = node.little(place + 8, 4) | node.little(place + 6, 2) << 32
                runs += [node.little(place, 4), block, length]
                continue
            }
            let child = node.little(place + 4, 4) | node.little(place + 8, 2) << 32
            guard let start = product(child, blockSize),
                let bytes = disk.bytes(at: start, count: Int(blockSize))
            else { continue }
            addExtents(in: bytes, depth: own - 1, to: &runs, limit)
        }
    }
}
