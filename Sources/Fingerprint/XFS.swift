// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// XFS. Its superblock is written late, so what tells is the log: where its head is. The superblock says at
/// which place in the log it was written last.
///
/// Source: `struct xfs_dsb`, fs/xfs/libxfs/xfs_format.h; `xlog_get_cycle`,
/// fs/xfs/libxfs/xfs_log_format.h; `xlog_find_head`, `xlog_find_cycle_start`,
/// fs/xfs/xfs_log_recover.c; Linux 6.12.
struct XFS: DiskFormat {
    private let superblock: [UInt8]

    /// A basic block: the log's unit, whatever the sectors.
    private static let block: UInt64 = 512

    init?(_ disk: DiskReader) {
        guard let bytes = disk.bytes(at: 0, count: 512), bytes.big(0, 4) == 0x5846_5342,
            // 512 bytes to 64 KiB, twice: as the size, and as its logarithm.
            (9...16).contains(bytes[0x78]), bytes.big(4, 4) == 1 << UInt64(bytes[0x78]),
            bytes[0x7c] < 32
        else { return nil }
        superblock = bytes
    }

    var identity: [UInt8] { Self.identity(superblock) }

    static func identity(_ superblock: [UInt8]) -> [UInt8] { Array(superblock[0x20..<0x30]) }

    /// `sb_lsn`: cycle and block, the greater the later. Nil before version 5, which has none.
    static func logPlace(_ superblock: [UInt8]) -> UInt64? {
        superblock.big(0x64, 2) & 15 == 5 ? superblock.big(0xf0, 8) : nil
    }

    func values(_ disk: DiskReader) -> [FileSystemState.Value]? {
        let hash = FileSystemState.Value(.superblock, XXH64.hash(superblock))
        if superblock.big(0x30, 8) == 0 { return [hash, .init(.externalJournal, 1)] }
        guard let log, let head = head(of: log, disk), let around = around(head, of: log, disk)
        else { return nil }
        return [
            hash, .init(.journal, around), .init(.logCycle, head.cycle),
            .init(.logBlock, head.block),
        ] + (Self.logPlace(superblock).map { [.init(.generation, $0)] } ?? [])
    }

    private struct Log {
        /// In bytes.
        var place: UInt64
        /// How many basic blocks.
        var count: UInt64
    }

    private var log: Log? {
        let blockSize = superblock.big(4, 4)
        let start = superblock.big(0x30, 8)
        let shift = UInt64(superblock[0x7c])
        let (group, inGroup) = (start >> shift, start & ((1 << shift) - 1))
        let count = superblock.big(0x60, 4) * (blockSize / Self.block)
        guard count >= 2, let first = sum(product(group, superblock.big(0x54, 4)), inGroup),
            let place = product(first, blockSize)
        else { return nil }
        return Log(place: place, count: count)
    }

    private func cycle(_ block: UInt64, of log: Log, _ disk: DiskReader) -> UInt64? {
        guard let place = sum(log.place, block * Self.block),
            let bytes = disk.bytes(at: place, count: 8)
        else { return nil }
        // A record's header has its magic number there, and the cycle behind it.
        let word = bytes.big(0, 4)
        return word == 0xfeed_babe ? bytes.big(4, 4) : word
    }

    /// The first block that is not yet of the newest cycle. The kernel then looks whether what is
    /// before it has reached the disk as a whole; here any number will do that is another one after
    /// somebody has written.
    private func head(
        of log: Log, _ disk: DiskReader
    ) -> (cycle: UInt64, block: UInt64)? {
        guard let newest = cycle(0, of: log, disk), let last = cycle(log.count - 1, of: log, disk)
        else { return nil }
        if newest == last { return (newest, 0) }
        var (low, high) = (UInt64(0), log.count - 1)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            guard let found = cycle(middle, of: log, disk) else { return nil }
            if found == last { high = middle } else { low = middle }
        }
        return (newest, high)
    }

    /// What was written last, and what is written next.
    private func around(
        _ head: (cycle: UInt64, block: UInt64), of log: Log, _ disk: DiskReader
    ) -> UInt64? {
        let first = head.block - min(head.block, 8)
        let last = min(log.count, head.block + 8)
        guard let place = sum(log.place, first * Self.block) else { return nil }
        return disk.hash(at: place, count: (last - first) * Self.block)
    }
}
