// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import Testing

@testable import Architecture

@Suite struct ARM64PageTableTests {
    static func walk(
        _ tables: Tables, _ depth: ARM64PageTables.Depth = .four,
        _ address: UInt64 = ARM64Sample.jumpAddress
    ) -> PageWalk {
        ARM64PageTables(root: PageFrame(ARM64Sample.root), depth: depth)
            .walk(address, page: pages(tables))
    }

    /// The tables, with one entry that is another.
    static func with(_ entry: UInt64, in table: UInt64, at index: Int) -> Tables {
        var tables = ARM64Sample.tables
        tables[table] = [index: entry]
        return tables
    }

    @Test(
        arguments: [
            ("4 KiB", ARM64Sample.tables, .mapped(PhysicalAddress(0x402_1f90), pageSize: 4096)),
            (
                "2 MiB", with(0x4020_0701, in: 0x41a4, at: 64),
                .mapped(PhysicalAddress(0x4021_0f90), pageSize: 2 << 20)
            ),
            (
                "2 MiB, misplaced", with(0x4021_0701, in: 0x41a4, at: 64),
                .reservedBits(level: 2, entry: 0x4021_0701)
            ),
            (
                "1 GiB", with(0x4000_0701, in: 0x41a3, at: 0),
                .mapped(PhysicalAddress(0x4801_0f90), pageSize: 1 << 30)
            ),
            (
                "512 GiB", with(0x701, in: ARM64Sample.root, at: 256),
                .reservedBits(level: 4, entry: 0x701)
            ),
            (
                "a block of 4 KiB", with(0x402_1701, in: 0x41a5, at: 16),
                .reservedBits(level: 1, entry: 0x402_1701)
            ),
            (
                "not valid", with(0x402_1702, in: 0x41a5, at: 16),
                .notPresent(level: 1, entry: 0x402_1702)
            ),
            (
                "never executed", with(1 << 53 | 0x402_1703, in: 0x41a5, at: 16),
                .notExecutable(level: 1, entry: 1 << 53 | 0x402_1703)
            ),
            (
                "never executed, from above", with(1 << 59 | 0x41a_4003, in: 0x41a3, at: 0),
                .notExecutable(level: 3, entry: 1 << 59 | 0x41a_4003)
            ),
            (
                "table not there", with(0x999_9003, in: 0x41a4, at: 64),
                .noTable(level: 1, PageFrame(0x9999))
            ),
        ] as [(String, Tables, PageWalk)])
    func fourLevels(name: String, tables: Tables, expected: PageWalk) {
        #expect(Self.walk(tables) == expected, "\(name)")
    }

    @Test(
        arguments: [
            (0xffff_8000_0000_0000, .four, true), (0xfffe_ffff_ffff_ffff, .four, false),
            (0x0000_8000_0000_0000, .four, false), (0xffff_ff80_0000_0000, .three, true),
            (0xffff_ff7f_ffff_ffff, .three, false), (0, .three, false),
        ] as [(UInt64, ARM64PageTables.Depth, Bool)])
    func theKernelsHalf(address: UInt64, depth: ARM64PageTables.Depth, isThere: Bool) {
        let walk = Self.walk([ARM64Sample.root: [:]], depth, address)
        #expect((walk == .notCanonical) == !isThere)
    }

    @Test func threeLevels() throws {
        let address: UInt64 = 0xffff_ffc0_0801_0f90
        var tables = ARM64Sample.tables
        tables[ARM64Sample.root] = [256: 0x41a_4003]
        #expect(
            Self.walk(tables, .three, address)
                == .mapped(PhysicalAddress(0x402_1f90), pageSize: 4096))
        let record = try ARM64Sample.record { $0.store(address, at: 80) }
        #expect(try record.pagingDepth(page: pages(tables)) == .three)
    }

    /// The entry's first instructions may go on in another page, which lies anywhere.
    @Test func entryAtThePagesEnd() throws {
        let record = try ARM64Sample.record { $0.store(UInt64(0xffff_8000_0801_0ff8), at: 80) }
        var tables = ARM64Sample.tables
        tables[0x41a5] = [16: 0x402_1783, 17: 0x777_7783]
        tables[0x4021] = [511: 0xaa13_03e0_d503_245f]
        tables[0x7777] = [0: 0xd538_00a1_97ff_fc1b]
        #expect(try record.pagingDepth(page: pages(tables)) == .four)
    }

    @Test func otherCodeIsNoEntry() throws {
        var tables = ARM64Sample.tables
        tables[0x4021] = [:]
        #expect(
            throws: RestoreRecordError.noEntry(
                three: .notCanonical, four: .mapped(PhysicalAddress(0x402_1f90), pageSize: 4096))
        ) { try ARM64Sample.record().pagingDepth(page: pages(tables)) }
    }
}
