// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// Page tables of x86-64 in memory that is not mapped.
///
/// Source: Intel SDM volume 3A, chapter 4, "Paging", and the kernel's names for the bits in
/// arch/x86/include/asm/pgtable_types.h, Linux 6.12.
package struct X86PageTables: Hashable, Sendable {
    /// Of the topmost table.
    package var root: PageFrame
    package var depth: PagingDepth

    package init(root: PageFrame, depth: PagingDepth) {
        self.root = root
        self.depth = depth
    }

    /// What the address is wanted for.
    package enum Access: Hashable, Sendable {
        case read
        /// Nothing on the way may forbid it.
        case execute
    }

    private enum Bit {
        static let present: UInt64 = 1 << 0
        /// In tables of level 2 and 3: the entry maps a large page.
        static let large: UInt64 = 1 << 7
        static let noExecute: UInt64 = 1 << 63
        /// Bits 12 to 51.
        static let address: UInt64 = 0x000f_ffff_ffff_f000
    }

    /// Where `address` leads. `page` gives the 4096 bytes of a frame, or nil for one that is not
    /// there.
    package func walk(
        _ address: UInt64, to access: Access, page: (PageFrame) -> [UInt8]?
    ) -> PageWalk {
        let unused = 64 - (12 + 9 * Int64(depth.rawValue))
        let signed = Int64(bitPattern: address)
        guard (signed << unused) >> unused == signed else { return .notCanonical }

        var table = root
        var level = depth.rawValue
        while true {
            guard let bytes = page(table), bytes.count == PageFrame.size else {
                return .noTable(level: level, table)
            }
            let shift = 12 + 9 * (UInt64(level) - 1)
            let entry = Self.entry(bytes, number: Int(address >> shift & 511))
            if entry & Bit.present == 0 { return .notPresent(level: level, entry: entry) }
            if access == .execute, entry & Bit.noExecute != 0 {
                return .notExecutable(level: level, entry: entry)
            }
            let isLarge = level > 1 && entry & Bit.large != 0
            if isLarge, level > 3 { return .reservedBits(level: level, entry: entry) }
            if isLarge || level == 1 {
                return Self.leaf(entry, level: level, address: address, shift: shift)
            }
            table = PageFrame((entry & Bit.address) >> 12)
            level -= 1
        }
    }

    private static func entry(_ table: [UInt8], number: Int) -> UInt64 {
        table.span.bytes.u64(at: 8 * number)
    }

    private static func leaf(
        _ entry: UInt64, level: UInt32, address: UInt64, shift: UInt64
    ) -> PageWalk {
        let inside: UInt64 = (1 << shift) - 1
        // A large page has its PAT bit where a small one's address begins.
        let reserved = level == 1 ? 0 : Bit.address & inside & ~(1 << 12)
        if entry & reserved != 0 { return .reservedBits(level: level, entry: entry) }
        return .mapped(
            PhysicalAddress(entry & Bit.address & ~inside | address & inside), pageSize: 1 << shift)
    }
}
