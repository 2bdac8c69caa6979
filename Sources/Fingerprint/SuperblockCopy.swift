// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// Superblocks as a kernel has them in its memory: of each file system the newest. Nothing else
/// tells of what a kernel had mounted that is hibernated in the kernel's own way, or that has unlocked it.
///
/// A page may also be a copy that was read long ago. So a file system is what it was if what the disk says
/// is no newer than the newest copy; and of ext, only one counts that says it is in use, for the mounted
/// one's does: there may be others of file systems that are not mounted any more.
///
/// Where they lie: ext's is in the cache of its device, at the superblock's place in the block, which may
/// begin anywhere in the page (`ext4_load_super`, fs/ext4/super.c); btrfs's `super_copy` is a page
/// (`init_mount_fs_info`, fs/btrfs/disk-io.c); XFS's `m_sb_bp` is a sector (`xfs_readsb`, fs/xfs/xfs_mount.c),
/// in which the place in the log is entered when it is written (`xfs_sb_write_verify`,
/// fs/xfs/libxfs/xfs_sb.c); Linux 6.12.
package struct SuperblockCopies: Sendable {
    private struct Copy: Sendable {
        var kind: FileSystemKind
        var identity: [UInt8]
        var state: FileSystemState
        var isInUse: Bool
        /// What is compared, the greater the newer.
        var age: UInt64
    }

    private var newest: [Copy] = []

    /// More than any machine has.
    private static let limit = 1024

    package init() {}

    /// Looks at whole pages.
    package mutating func look(at pages: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: pages.count & ~4095, by: 4096) {
            let magic = { (offset: Int) in
                pages.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
            }
            // `_BHRfS_M`
            if magic(64) == 0x4d5f_5366_5248_425f { addBtrfs(Array(pages[start..<start + 4096])) }
            for block in stride(from: start, to: start + 4096, by: 1024)
            where pages[block + 0x38] == 0x53 && pages[block + 0x39] == 0xef {
                addExt(Array(pages[block..<block + 1024]))
            }
            for sector in stride(from: start, to: start + 4096, by: 512)
            where pages.loadUnaligned(fromByteOffset: sector, as: UInt32.self) == 0x4253_4658 {
                addXFS(Array(pages[sector..<sector + 512]))
            }
        }
    }

    /// Takes those that somebody else has found.
    package mutating func merge(_ others: SuperblockCopies) {
        for copy in others.newest { add(copy) }
    }

    private mutating func addBtrfs(_ page: [UInt8]) {
        // Where it says that it lies.
        guard page.little(48, 8) == 65536 else { return }
        let generation = page.little(72, 8)
        let identity = Array(page[32..<48])
        add(
            Copy(
                kind: .btrfs, identity: identity,
                state: FileSystemState(
                    kind: .btrfs, identity: identity, values: [.init(.generation, generation)]),
                isInUse: true, age: generation))
    }

    private mutating func addXFS(_ sector: [UInt8]) {
        guard let place = XFS.logPlace(sector), !Self.isFree(sector) else { return }
        let identity = XFS.identity(sector)
        add(
            Copy(
                kind: .xfs, identity: identity,
                state: FileSystemState(
                    kind: .xfs, identity: identity, values: [.init(.generation, place)]),
                isInUse: true, age: place))
    }

    /// Whether memory of 512 bytes has been given back: it was that of a file system that is not mounted
    /// any more. The allocator has put its list's pointer in the middle (`calculate_sizes`, mm/slub.c, Linux
    /// 6.12), where a superblock has half of a UUID that it seldom uses: zeroes without
    /// XFS_SB_FEAT_INCOMPAT_META_UUID.
    private static func isFree(_ sector: [UInt8]) -> Bool {
        sector.big(0xd8, 4) & 4 == 0 && sector[0x100..<0x108].contains { $0 != 0 }
    }

    private mutating func addExt(_ block: [UInt8]) {
        // The first group's, of a size that can be.
        guard block.little(0x18, 4) <= 6, block.little(0x5a, 2) == 0, block.little(0, 4) > 0,
            block.little(0x28, 4) > 0
        else { return }
        let identity = Array(block[0x68..<0x78])
        let time = { (offset: Int, high: Int) in
            block.little(offset, 4) | UInt64(block[high]) << 32
        }
        // EXT4_FEATURE_COMPAT_HAS_JOURNAL, EXT4_FEATURE_INCOMPAT_RECOVER, EXT4_VALID_FS
        let isInUse =
            block.little(0x5c, 4) & 4 != 0
            ? block.little(0x60, 4) & 4 != 0 : block.little(0x3a, 2) & 1 == 0
        let mountTime = time(0x2c, 0x275)
        add(
            Copy(
                kind: .ext, identity: identity,
                state: FileSystemState(
                    kind: .ext, identity: identity,
                    values: [
                        .init(.mountTime, mountTime), .init(.mountCount, block.little(0x34, 2)),
                        .init(.checkTime, time(0x40, 0x277)),
                    ]),
                isInUse: isInUse, age: mountTime))
    }

    private mutating func add(_ copy: Copy) {
        let index = newest.firstIndex { $0.kind == copy.kind && $0.identity == copy.identity }
        guard let index else {
            if newest.count < Self.limit { newest.append(copy) }
            return
        }
        // Of two that are as new, the one that is in use was there last: it was mounted since.
        if copy.age > newest[index].age || copy.age == newest[index].age && copy.isInUse {
            newest[index] = copy
        }
    }

    package var kinds: [FileSystemKind] {
        [.ext, .xfs, .btrfs].filter { kind in newest.contains { $0.kind == kind } }
    }

    /// What has become of a file system since the memory was saved, as far as that is certain; nil where
    /// nothing has, or nothing is known.
    package func change(to now: FileSystemState) -> String? {
        let copy = newest.first {
            $0.kind == now.kind && $0.isInUse && now.identity.starts(with: $0.identity)
        }
        guard let copy else { return nil }
        var now = now
        now.values = now.values.filter { copy.state[$0.field] != nil }
        // What was not yet written was newer in memory.
        if now.kind != .ext, (now[.generation] ?? 0) <= copy.age { return nil }
        return copy.state.change(to: now)
    }
}
