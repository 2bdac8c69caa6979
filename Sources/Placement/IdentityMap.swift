// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// The page tables under which the hand-off runs: 2 MiB pages, virtual = physical over RAM.
///
/// One set of tables serves both paging depths: the first and the last entry of the 5-level top
/// table point to the 4-level top table, so that an address that is canonical with 4 levels leads
/// to the same page with 5. Format: Intel SDM volume 3, 4.5 "4-level paging and 5-level paging".
package struct IdentityMap: Sendable {
    /// A table's 512 entries, each either a 2 MiB leaf or the number of a lower table.
    private enum Entry {
        case absent
        case leaf(PhysicalAddress)
        case table(Int)
    }

    private static let present: UInt64 = 1
    private static let writable: UInt64 = 2
    private static let large: UInt64 = 1 << 7

    /// Where the top tables are in ``tableCount`` pages.
    static let topTable5 = 0
    static let topTable4 = 1

    private var tables: [[Entry]]

    /// Maps every 2 MiB page that holds a byte of `ram`, below 256 TiB.
    package init(mapping ram: FrameSet) {
        tables = Array(repeating: Array(repeating: .absent, count: 512), count: 2)
        tables[Self.topTable5][0] = .table(Self.topTable4)
        tables[Self.topTable5][511] = .table(Self.topTable4)
        for range in ram.ranges {
            var address = range.lower.address.rawValue & ~0x1f_ffff
            while address < range.upper.address.rawValue {
                map(virtual: address, to: PhysicalAddress(address))
                address += 0x20_0000
            }
        }
    }

    /// Maps the 2 MiB page around `virtual`, which must be canonical in 4-level terms, to the one
    /// around `physical`.
    package mutating func map(virtual: UInt64, to physical: PhysicalAddress) {
        let directory = table(below: table(below: Self.topTable4, virtual, 39), virtual, 30)
        tables[directory][Self.index(virtual, 21)] = .leaf(
            PhysicalAddress(physical.rawValue & ~0x1f_ffff))
    }

    /// How many pages the tables take.
    package var tableCount: Int { tables.count }

    /// The tables' bytes when the first of them lies at `base` and the others follow it.
    package func serialized(at base: PhysicalAddress) -> [UInt64] {
        tables.flatMap { table in
            table.map { entry in
                switch entry {
                case .absent: 0
                case .leaf(let address):
                    address.rawValue | Self.present | Self.writable | Self.large
                case .table(let number):
                    base.rawValue + UInt64(number * PageFrame.size) | Self.present | Self.writable
                }
            }
        }
    }

    private static func index(_ virtual: UInt64, _ shift: UInt64) -> Int {
        Int(virtual >> shift & 511)
    }

    /// The table that `virtual` leads to from `parent`, made where it is not there yet.
    private mutating func table(below parent: Int, _ virtual: UInt64, _ shift: UInt64) -> Int {
        let index = Self.index(virtual, shift)
        if case .table(let number) = tables[parent][index] { return number }
        tables.append(Array(repeating: .absent, count: 512))
        tables[parent][index] = .table(tables.count - 1)
        return tables.count - 1
    }
}
