// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// The page tables under which the hand-off runs: 2 MiB pages, virtual = physical over RAM.
///
/// Four levels of 512 entries, on every architecture. On x86-64 one set of tables serves both paging
/// depths: the first and the last entry of the 5-level top table point to the 4-level top table, so that
/// an address that is canonical with 4 levels leads to the same page with 5.
package struct IdentityMap: Sendable {
    /// A table's 512 entries, each either a 2 MiB leaf or the number of a lower table.
    private enum Entry {
        case absent
        case leaf(PhysicalAddress)
        case table(Int)
    }

    private let format: PageTableFormat
    /// Which of the ``tableCount`` pages is the 4-level top table.
    package let topTable4: Int
    /// The same of the 5-level one, where there is one.
    package let topTable5: Int?

    private var tables: [[Entry]]

    /// Maps every 2 MiB page that holds a byte of `ram`, below 256 TiB.
    package init(mapping ram: FrameSet, for architecture: Architecture = .here) {
        format = PageTableFormat(architecture)
        let none = Array(repeating: Entry.absent, count: 512)
        switch architecture {
        case .x86:
            tables = [none, none]
            (topTable5, topTable4) = (0, 1)
            tables[0][0] = .table(1)
            tables[0][511] = .table(1)
        case .arm64:
            tables = [none]
            (topTable5, topTable4) = (nil, 0)
        }
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
        let directory = table(below: table(below: topTable4, virtual, 39), virtual, 30)
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
                case .leaf(let address): address.rawValue | format.leaf
                case .table(let number):
                    base.rawValue + UInt64(number * PageFrame.size) | format.table
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
