// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Where the hand-off leads on arm64.
package struct ARM64JumpTarget: Hashable, Sendable {
    /// Under ``tables``.
    package var entry: UInt64
    /// For TTBR1_EL1.
    package var tables: PhysicalAddress
    /// How many bits an address under ``tables`` has: 64 less TCR_EL1.T1SZ.
    package var addressBits: UInt64
    /// Of the processor that must run it, as in ``ARM64RestoreRecord/affinity``.
    package var affinity: UInt64

    package init(
        entry: UInt64, tables: PhysicalAddress, addressBits: UInt64, affinity: UInt64
    ) {
        self.entry = entry
        self.tables = tables
        self.addressBits = addressBits
        self.affinity = affinity
    }
}
