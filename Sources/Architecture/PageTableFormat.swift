// SPDX-License-Identifier: GPL-2.0-or-later

/// What the entries of an identity map's tables have beside the address.
struct PageTableFormat: Sendable {
    /// Of a 2 MiB page: memory that is written, read and executed, cached.
    let leaf: UInt64
    /// Of one that leads to a lower table.
    let table: UInt64

    init(_ architecture: Architecture) {
        switch architecture {
        case .x86:
            // Present and writable; large. Intel SDM volume 3, 4.5, "4-level paging and 5-level paging".
            table = 1 << 0 | 1 << 1
            leaf = table | 1 << 7
        case .arm64:
            // A table: bits 0 and 1. A block: bit 0, the first of MAIR's attributes (normal memory,
            // arch/arm64/include/asm/memory.h, Linux 6.1 and 6.12), shareable with the other processors,
            // accessed before. Arm ARM (DDI 0487), D8.3, "Translation table descriptor formats".
            table = 1 << 0 | 1 << 1
            leaf = 1 << 0 | 0b11 << 8 | 1 << 10
        }
    }
}
