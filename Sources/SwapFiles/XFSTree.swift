// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// XFS, versions 4 and 5.
///
/// Source: `struct xfs_dsb`, `struct xfs_dinode`, `struct xfs_bmbt_rec`, `struct xfs_btree_block`,
/// fs/xfs/libxfs/xfs_format.h; `struct xfs_dir2_sf_hdr`, `struct xfs_dir2_data_entry`,
/// `struct xfs_dir3_data_hdr`, `struct xfs_dir2_block_tail`, fs/xfs/libxfs/xfs_da_format.h; Linux 6.12. Big
/// endian.
struct XFSTree: FileTree {
    private let disk: DiskReader
    private let blockSize: UInt64
    private let inodeSize: UInt64
    /// How many blocks a group has.
    private let groupSize: UInt64
    private let groupCount: UInt64
    /// The logarithms of how many blocks a group may have, of how many inodes a block has, and of how many
    /// blocks a block of a directory has.
    private let groupShift: UInt64
    private let inodeShift: UInt64
    private let directoryShift: UInt64
    /// Whether a directory says what its entries are.
    private let hasKinds: Bool
    let root: FileNumber

    init?(_ disk: DiskReader) {
        guard let bytes = disk.bytes(at: 0, count: 512), bytes.big(0, 4) == 0x5846_5342,
            (9...16).contains(bytes[0x78]), bytes.big(4, 4) == 1 << UInt64(bytes[0x78]),
            bytes[0x7c] < 32, bytes[0x7b] < 16, bytes[0xc0] < 8
        else { return nil }
        self.disk = disk
        blockSize = bytes.big(4, 4)
        inodeSize = bytes.big(0x68, 2)
        groupSize = bytes.big(0x54, 4)
        groupCount = bytes.big(0x58, 4)
        (inodeShift, groupShift) = (UInt64(bytes[0x7b]), UInt64(bytes[0x7c]))
        directoryShift = UInt64(bytes[0xc0])
        root = FileNumber(number: bytes.big(0x38, 8))
        // XFS_SB_FEAT_INCOMPAT_FTYPE, XFS_SB_VERSION2_FTYPE
        let isNew = bytes.big(0x64, 2) & 15 == 5
        hasKinds = isNew ? bytes.big(0xd8, 4) & 1 != 0 : bytes.big(0xc8, 4) & 0x200 != 0
        guard (256...2048).contains(inodeSize), inodeSize << inodeShift == blockSize,
            blockSize << directoryShift <= 1 << 16
        else { return nil }
    }

    func file(_ number: FileNumber) -> File? {
        let block = number.number >> inodeShift
        let inBlock = number.number & ((1 << inodeShift) - 1)
        // XFS_DINODE_MAGIC: IN
        guard let place = sum(byte(of: block), inBlock * inodeSize),
            let inode = disk.bytes(at: place, count: Int(inodeSize)), inode.big(0, 2) == 0x494e
        else { return nil }
        return File(
            number, mode: inode.big(2, 2), owner: inode.big(8, 4), size: inode.big(56, 8),
            inode: inode)
    }

    /// The number of a block has that of its group above that in the group.
    private func byte(of block: UInt64) -> UInt64? {
        let (group, inGroup) = (block >> groupShift, block & ((1 << groupShift) - 1))
        guard group < groupCount, inGroup < groupSize else { return nil }
        return product(group * groupSize + inGroup, blockSize)
    }

    func firstByte(of file: File) -> UInt64? {
        // XFS_DIFLAG_REALTIME: on another device.
        if file.inode.big(90, 2) & 1 != 0 { return nil }
        let runs = runs(of: file, limit: 1)
        guard runs.count >= 3, runs[0] == 0 else { return nil }
        return byte(of: runs[1])
    }

    /// What an inode has of its data: XFS_DINODE_FMT_*.
    private enum Form: UInt8 {
        case local = 1
        case extents = 2
        case tree = 3
    }

    /// The part of the inode that says where its data is, or has it.
    private func fork(of inode: [UInt8]) -> [UInt8] {
        let start = inode[4] >= 3 ? 176 : 100
        let size = Int(inode[82]) * 8
        let end = size == 0 ? inode.count : min(inode.count, start + size)
        return Array(inode[start..<max(start, end)])
    }

    /// Consecutive blocks, in the file's order: for each the number in the file, that on the device, and how
    /// many they are.
    private func runs(of file: File, limit: Int) -> [UInt64] {
        let fork = fork(of: file.inode)
        var runs: [UInt64] = []
        switch Form(rawValue: file.inode[5]) {
        case .extents:
            // XFS_DIFLAG2_NREXT64
            let isLong = file.inode[4] >= 3 && file.inode.big(120, 8) & 0x10 != 0
            let count = isLong ? file.inode.big(24, 8) : file.inode.big(76, 4)
            addExtents(fork, from: 0, count: Int(clamping: count), to: &runs, limit)
        case .tree:
            guard fork.count >= 4 else { break }
            addChildren(of: fork, head: 4, count: 2, level: fork.big(0, 2), to: &runs, limit)
        default: break
        }
        return runs
    }

    private func addExtents(
        _ bytes: [UInt8], from start: Int, count: Int, to runs: inout [UInt64], _ limit: Int
    ) {
        for index in 0..<max(0, min(count, (bytes.count - start) / 16))
        where runs.count < 3 * limit {
            let high = bytes.big(start + 16 * index, 8)
            let low = bytes.big(start + 16 * index + 8, 8)
            // The uppermost bit: not written yet.
            if high >> 63 != 0 { continue }
            runs += [(high << 1) >> 10, (high & 0x1ff) << 43 | low >> 21, low & 0x1f_ffff]
        }
    }

    /// - Parameters:
    ///   - head: how many bytes are before the keys.
    ///   - count: where the number of children is.
    private func addChildren(
        of node: [UInt8], head: Int, count: Int, level: UInt64, to runs: inout [UInt64],
        _ limit: Int
    ) {
        // XFS_BM_MAXLEVELS is less.
        guard (1...16).contains(level) else { return }
        // The keys, and behind the room for more of them the children's numbers.
        let most = (node.count - head) / 16
        for index in 0..<min(Int(node.big(count, 2)), most) where runs.count < 3 * limit {
            guard let place = byte(of: node.big(head + 8 * most + 8 * index, 8)),
                let child = disk.bytes(at: place, count: Int(blockSize)),
                child.big(4, 2) == level - 1
            else { continue }
            // XFS_BMAP_MAGIC, XFS_BMAP_CRC_MAGIC
            let head: Int
            switch child.big(0, 4) {
            case 0x424d_4150: head = 24
            case 0x424d_4133: head = 72
            default: continue
            }
            if level == 1 {
                addExtents(child, from: head, count: Int(child.big(6, 2)), to: &runs, limit)
            } else {
                addChildren(of: child, head: head, count: 6, level: level - 1, to: &runs, limit)
            }
        }
    }

    func entries(of directory: File, _ tell: (DirectoryEntry) -> Bool) {
        if directory.inode[5] == Form.local.rawValue {
            return shortEntries(fork(of: directory.inode), tell)
        }
        // XFS_DIR2_LEAF_OFFSET: behind 32 GiB are no entries.
        let limit = (UInt64(1) << 35) / blockSize
        let perBlock = UInt64(1) << directoryShift
        let runs = runs(of: directory, limit: 1 << 12)
        var block: [UInt8] = []
        var index = 0
        while index < runs.count, runs[index] < limit {
            for number in 0..<runs[index + 2] {
                guard let place = byte(of: runs[index + 1] + number),
                    let bytes = disk.bytes(at: place, count: Int(blockSize))
                else { break }
                // A directory's block may be several, which lie anywhere.
                if (runs[index] + number) & (perBlock - 1) == 0 { block = [] }
                block += bytes
                if block.count == Int(blockSize << directoryShift) {
                    if !entries(in: block, tell) { return }
                    block = []
                }
            }
            index += 3
        }
    }

    /// In the inode itself.
    private func shortEntries(_ fork: [UInt8], _ tell: (DirectoryEntry) -> Bool) {
        guard fork.count >= 2 else { return }
        let width = fork[1] == 0 ? 4 : 8
        var place = 2 + width
        for _ in 0..<Int(fork[0]) {
            guard place < fork.count else { return }
            let end = place + 3 + Int(fork[place])
            let next = end + (hasKinds ? 1 : 0) + width
            guard next <= fork.count else { return }
            let entry = DirectoryEntry(
                Array(fork[place + 3..<end]), FileNumber(number: fork.big(next - width, width)),
                kind(fork, end))
            if !tell(entry) { return }
            place = next
        }
    }

    private func entries(in block: [UInt8], _ tell: (DirectoryEntry) -> Bool) -> Bool {
        var end = block.count
        var place: Int
        // XD2B, XDB3, and where a directory has several blocks XD2D, XDD3.
        switch block.big(0, 4) {
        case 0x5844_3242, 0x5844_3244: place = 16
        case 0x5844_4233, 0x5844_4433: place = 64
        default: return true
        }
        // The only block of a directory has its index behind the entries.
        if [0x5844_3242, 0x5844_4233].contains(block.big(0, 4)) {
            let indexed = block.big(end - 8, 4)
            guard indexed < UInt64(end / 8) else { return true }
            end -= 8 + 8 * Int(indexed)
        }
        while place + 16 <= end {
            // XFS_DIR2_DATA_FREE_TAG
            if block.big(place, 2) == 0xffff {
                let length = Int(block.big(place + 2, 2))
                if length == 0 { return true }
                place += length
                continue
            }
            let nameEnd = place + 9 + Int(block[place + 8])
            let next = place + (nameEnd + (hasKinds ? 1 : 0) + 2 - place).roundedUp(to: 8)
            guard next <= end else { return true }
            let entry = DirectoryEntry(
                Array(block[place + 9..<nameEnd]), FileNumber(number: block.big(place, 8)),
                kind(block, nameEnd))
            if !tell(entry) { return false }
            place = next
        }
        return true
    }

    /// XFS_DIR3_FT_*
    private func kind(_ bytes: [UInt8], _ place: Int) -> DirectoryEntry.Kind {
        hasKinds ? DirectoryEntry.Kind(rawValue: bytes[place]) ?? .other : .unknown
    }
}
