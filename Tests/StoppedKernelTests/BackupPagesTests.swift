// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import PhysicalMemory
import TestSupport
import Testing

@testable import StoppedKernel

@Suite struct BackupPagesTests {
    private static let destination: UInt64 = 1
    private static let indirection: UInt64 = 2
    private static let done: UInt64 = 4
    private static let source: UInt64 = 8

    /// Two places, as the saver's region and its low memory.
    private static let swapped = FrameSet([
        FrameRange(PageFrame(0x10), count: 3), FrameRange(PageFrame(0x5000), count: 2),
    ])

    private static let listPages: [UInt64] = [0x6100, 0x6200]

    private static func entry(_ frame: UInt64, _ flags: UInt64) -> UInt64 { frame << 12 | flags }

    /// The list that goes with ``swapped``; it continues on another page.
    private static let pages: [[UInt64]] = [
        [
            entry(0x10, destination), entry(0x900, source), entry(0x901, source),
            entry(listPages[1], indirection),
        ],
        [
            entry(0x7000, source), entry(0x5000, destination), entry(0x5000, source),
            entry(0x903, source), done,
        ],
    ]

    private static func find(
        _ pages: [[UInt64]], head: UInt64 = entry(listPages[0], indirection),
        of swapped: FrameSet = swapped
    ) throws(FreePageError) -> BackupPages {
        try BackupPages(head: head, of: swapped) { address, _ in
            listPages.firstIndex(of: address.frame.rawValue).flatMap { index in
                index < pages.count ? page(pages[index]) : nil
            }
        }
    }

    private static func page(_ entries: [UInt64]) -> [UInt8] {
        let rest = [UInt64](repeating: 0, count: PageFrame.size / 8 - entries.count)
        return (entries + rest).flatMap { entry in
            withUnsafeBytes(of: entry.littleEndian) { Array($0) }
        }
    }

    private static func set(_ frames: UInt64...) -> FrameSet {
        FrameSet(frames.map { FrameRange(PageFrame($0), count: 1) })
    }

    @Test func eachHasItsOwn() throws {
        let backups = try Self.find(Self.pages)
        #expect(backups.backups(of: Self.swapped) == Self.set(0x900, 0x901, 0x7000, 0x5000, 0x903))
        #expect(backups.backups(of: Self.set(0x11, 0x12)) == Self.set(0x901, 0x7000))
        #expect(backups.backups(of: Self.set(0x5001, 0x6000)) == Self.set(0x903))
        #expect(backups.backups(of: Self.set(0xf, 0x13, 0x900)).isEmpty)
    }

    /// Each differs in one thing from a list that is taken.
    @Test(arguments: [
        // Nothing there; a page that cannot be read; no such flag; two flags.
        (0, 3, 0), (0, 3, entry(0x77_7777, indirection)), (1, 0, entry(0x7000, 16)),
        (1, 0, entry(0x7000, source | destination)),
        // A page too few, too many, another one, one twice, one that two share.
        (1, 3, done), (1, 4, entry(0x904, source)), (1, 1, entry(0x5001, destination)),
        (0, 0, entry(0x5000, destination)), (1, 3, entry(0x900, source)),
        // Beyond all memory; back to the beginning for ever.
        (1, 0, .max << 12 | source), (1, 4, entry(listPages[0], indirection)),
        (0, 0, entry(listPages[0], indirection)),
    ])
    func whatIsNoListIsRefused(page: Int, index: Int, entry: UInt64) {
        var pages = Self.pages
        pages[page][index] = entry
        do {
            _ = try Self.find(pages)
            Issue.record("taken")
        } catch .backupList {} catch { Issue.record(error) }
    }

    @Test func noList() {
        #expect(throws: FreePageError.backupList(0)) { try Self.find([], head: 0) }
        #expect(throws: FreePageError.backupList(Self.done)) { try Self.find([], head: Self.done) }
    }

    @Test func otherMemory() {
        let one = FrameRange(PageFrame(0x5002), count: 1)
        for other in [
            Self.swapped.union(FrameSet([one])), Self.swapped.subtracting(Self.swapped.ranges[0]),
        ] {
            #expect(throws: FreePageError.backupList(Self.done)) {
                try Self.find(Self.pages, of: other)
            }
        }
    }
}
