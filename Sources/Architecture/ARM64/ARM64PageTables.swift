// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// The page tables of an arm64 kernel's half of the addresses (TTBR1_EL1), with pages of 4 KiB, in memory
/// that is not mapped.
///
/// Source: Arm ARM (DDI 0487), D8.3, "Translation table descriptor formats", and the kernel's names for
/// the bits in arch/arm64/include/asm/pgtable-hwdef.h, Linux 6.12.
package struct ARM64PageTables: Hashable, Sendable {
    /// How many levels they have, and with them how many bits an address: 39 and 48.
    package enum Depth: UInt32, Hashable, Sendable, CaseIterable {
        case three = 3
        case four = 4

        package var addressBits: UInt64 { 12 + 9 * UInt64(rawValue) }
    }

    /// Of the topmost table.
    package var root: PageFrame
    package var depth: Depth

    package init(root: PageFrame, depth: Depth) {
        self.root = root
        self.depth = depth
    }

    private enum Bit {
        static let valid: UInt64 = 1 << 0
        /// In the lowest table: must be set. In the others: a lower table follows.
        static let table: UInt64 = 1 << 1
        /// Of a page or block: EL1 must not execute it.
        static let privilegedExecuteNever: UInt64 = 1 << 53
        /// Of a table: the same for all below it.
        static let privilegedExecuteNeverBelow: UInt64 = 1 << 59
        /// Bits 12 to 47.
        static let address: UInt64 = 0x0000_ffff_ffff_f000
    }

    /// Where `address`, which is to be executed, leads. `page` gives the 4096 bytes of a frame, or nil for
    /// one that is not there.
    package func walk(_ address: UInt64, page: (PageFrame) -> [UInt8]?) -> PageWalk {
        // TTBR1 has the addresses whose high bits are all set.
        guard address >> depth.addressBits == UInt64.max >> depth.addressBits else {
            return .notCanonical
        }
        var table = root
        var level = depth.rawValue
        while true {
            guard let bytes = page(table), bytes.count == PageFrame.size else {
                return .noTable(level: level, table)
            }
            let shift = 12 + 9 * (UInt64(level) - 1)
            let entry = bytes.span.bytes.u64(at: 8 * Int(address >> shift & 511))
            if entry & Bit.valid == 0 { return .notPresent(level: level, entry: entry) }
            if level > 1, entry & Bit.table != 0 {
                if entry & Bit.privilegedExecuteNeverBelow != 0 {
                    return .notExecutable(level: level, entry: entry)
                }
                table = PageFrame((entry & Bit.address) >> 12)
                level -= 1
                continue
            }
            return Self.leaf(entry, level: level, address: address, shift: shift)
        }
    }

    private static func leaf(
        _ entry: UInt64, level: UInt32, address: UInt64, shift: UInt64
    ) -> PageWalk {
        let inside: UInt64 = (1 << shift) - 1
        // No block above 1 GiB, and a page must have the bit that a block must not have.
        if level > 3 || (level == 1) != (entry & Bit.table != 0)
            || entry & Bit.address & inside != 0
        {
            return .reservedBits(level: level, entry: entry)
        }
        if entry & Bit.privilegedExecuteNever != 0 {
            return .notExecutable(level: level, entry: entry)
        }
        return .mapped(
            PhysicalAddress(entry & Bit.address & ~inside | address & inside), pageSize: 1 << shift)
    }
}
