// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// What the purgatory is told, in front of its code.
///
/// The same as `struct kresume_purgatory_parameters` of CHandoff's purgatory.h; little endian.
struct PurgatoryParameters {
    /// Of the saver kernel's boot_params.
    var bootParameters: PhysicalAddress
    /// The saver kernel's 64-bit entry.
    var kernelEntry: PhysicalAddress
    /// Of the sixteen digits that the jump-back entry is written to.
    var jumpBackDigits: PhysicalAddress
    /// An I/O port that gets a byte as a sign of life; 0 for none.
    var debugPort: UInt16
    /// Of eight bytes that the jump-back entry is written to as well; nil for none.
    var jumpBackWord: PhysicalAddress?

    static let size = 40
    /// Where the code is entered, from the first byte of the parameters on.
    static let entryOffset = 64

    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: PurgatoryParameters.size)
        bytes.store(bootParameters.rawValue, at: 0)
        bytes.store(kernelEntry.rawValue, at: 8)
        bytes.store(jumpBackDigits.rawValue, at: 16)
        bytes.store(debugPort, at: 24)
        bytes.store(jumpBackWord?.rawValue ?? 0, at: 32)
        return bytes
    }
}
