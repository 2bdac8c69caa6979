// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Testing

@testable import Architecture

@Suite struct X86PageTableTests {
    static func walk(_ tables: Tables, _ depth: PagingDepth, _ address: UInt64) -> PageWalk {
        X86PageTables(root: PageFrame(0x20), depth: depth).walk(
            address, to: .execute, page: pages(tables))
    }

    /// Indices of 0xffffffff80401040: 511 (level 5), 511, 510, 2, 1 and 0x40 in the page.
    @Test(
        arguments: [
            (
                "2 MiB", [0x20: [511: 0x21067], 0x21: [510: 0x22063], 0x22: [2: 0x40_01e1]],
                .mapped(PhysicalAddress(0x40_1040), pageSize: 2 << 20)
            ),
            (
                "2 MiB, its PAT bit set",
                [0x20: [511: 0x21067], 0x21: [510: 0x22063], 0x22: [2: 0x40_11e1]],
                .mapped(PhysicalAddress(0x40_1040), pageSize: 2 << 20)
            ),
            (
                "2 MiB, misplaced",
                [0x20: [511: 0x21067], 0x21: [510: 0x22063], 0x22: [2: 0x40_21e1]],
                .reservedBits(level: 2, entry: 0x40_21e1)
            ),
            (
                "1 GiB", [0x20: [511: 0x21067], 0x21: [510: 0x8000_01e1]],
                .mapped(PhysicalAddress(0x8040_1040), pageSize: 1 << 30)
            ),
            (
                "1 GiB, misplaced", [0x20: [511: 0x21067], 0x21: [510: 0x8020_01e1]],
                .reservedBits(level: 3, entry: 0x8020_01e1)
            ),
            (
                "4 KiB, its PAT bit set",
                [
                    0x20: [511: 0x21067], 0x21: [510: 0x22063], 0x22: [2: 0x24063],
                    0x24: [1: 0x77_70e1],
                ],
                .mapped(PhysicalAddress(0x77_7040), pageSize: 4096)
            ),
            (
                "software bits",
                [0x20: [511: 0x0ff0_0000_0002_1e67], 0x21: [510: 0x22063], 0x22: [2: 0x40_01e1]],
                .mapped(PhysicalAddress(0x40_1040), pageSize: 2 << 20)
            ),
            ("large at level 4", [0x20: [511: 0x210e7]], .reservedBits(level: 4, entry: 0x210e7)),
            (
                "not present", [0x20: [511: 0x21067], 0x21: [510: 0x22062]],
                .notPresent(level: 3, entry: 0x22062)
            ),
            (
                "never executed",
                [0x20: [511: 0x21067], 0x21: [510: 0x22063], 0x22: [2: 1 << 63 | 0x40_01e1]],
                .notExecutable(level: 2, entry: 1 << 63 | 0x40_01e1)
            ),
            (
                "never executed, from above", [0x20: [511: 1 << 63 | 0x21067], 0x21: [:]],
                .notExecutable(level: 4, entry: 1 << 63 | 0x21067)
            ),
            ("table not there", [0x20: [511: 0x21067]], .noTable(level: 3, PageFrame(0x21))),
            ("no tables", [:], .noTable(level: 4, PageFrame(0x20))),
        ] as [(String, Tables, PageWalk)])
    func fourLevels(name: String, tables: Tables, expected: PageWalk) {
        #expect(Self.walk(tables, .four, X86Sample.jumpAddress) == expected, "\(name)")
        // The same below one more table.
        var deeper = tables
        deeper[0x23] = deeper.removeValue(forKey: 0x20)
        deeper[0x20] = [511: 0x23067]
        let isWhole = expected != .noTable(level: 4, PageFrame(0x20))
        #expect(
            Self.walk(deeper, .five, X86Sample.jumpAddress)
                == (isWhole ? expected : .noTable(level: 4, PageFrame(0x23))), "\(name)")
    }

    @Test(
        arguments: [
            (0xffff_7fff_ffff_ffff, .four, false), (0xffff_8000_0000_0000, .four, true),
            (0x0000_7fff_ffff_ffff, .four, true), (0x0000_8000_0000_0000, .four, false),
            (0xfeff_ffff_ffff_ffff, .five, false), (0xff00_0000_0000_0000, .five, true),
            (0x00ff_ffff_ffff_ffff, .five, true), (0x0100_0000_0000_0000, .five, false),
        ] as [(UInt64, PagingDepth, Bool)])
    func canonicalAddresses(address: UInt64, depth: PagingDepth, isCanonical: Bool) {
        let walk = Self.walk([0x20: [:]], depth, address)
        #expect(
            walk == (isCanonical ? .notPresent(level: depth.rawValue, entry: 0) : .notCanonical))
    }

    @Test func shortPagesAreNone() {
        let walk = X86PageTables(root: PageFrame(0x20), depth: .four).walk(0, to: .read) { _ in
            [1, 0]
        }
        #expect(walk == .noTable(level: 4, PageFrame(0x20)))
    }

    @Test(arguments: PagingDepth.allCases) func depthIsFound(depth: PagingDepth) throws {
        let tables = X86Sample.tables(depth)
        #expect(try X86Sample.record().pagingDepth(page: pages(tables)) == depth)
    }

    @Test func noDepthAndBothDepths() throws {
        let record = try X86Sample.record()
        let expected = record.physicalJumpAddress
        var tables = X86Sample.tables(.four)
        tables[0x22] = [2: 0x60_01e1]
        #expect(
            throws: RestoreRecordError.entryMapping(
                four: .mapped(PhysicalAddress(0x60_1040), pageSize: 2 << 20),
                five: .notPresent(level: 4, entry: 0), expected: expected)
        ) { try record.pagingDepth(page: pages(tables)) }
        // One table that is its own next, and a leaf at each depth.
        tables = [0x20: [511: 0x20067, 510: 0x22063], 0x22: [2: 0x40_01e1]]
        #expect(
            throws: RestoreRecordError.entryMapping(
                four: .mapped(expected, pageSize: 2 << 20),
                five: .mapped(expected, pageSize: 2 << 20), expected: expected)
        ) { try record.pagingDepth(page: pages(tables)) }
    }
}
