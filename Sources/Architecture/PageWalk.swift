// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// What a walk through page tables came to. A `level` counts from 1, the table of 4 KiB pages.
package enum PageWalk: Hashable, Sendable {
    /// `pageSize` in bytes: 4 KiB, 2 MiB or 1 GiB.
    case mapped(PhysicalAddress, pageSize: UInt64)
    /// The virtual address is none at this depth.
    case notCanonical
    case notPresent(level: UInt32, entry: UInt64)
    /// Bits are set that must not be.
    case reservedBits(level: UInt32, entry: UInt64)
    case notExecutable(level: UInt32, entry: UInt64)
    /// There is no page for this table, or not a whole one.
    case noTable(level: UInt32, PageFrame)

    /// Nil where the walk led nowhere.
    package var address: PhysicalAddress? {
        if case .mapped(let address, _) = self { address } else { nil }
    }
}
