// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

extension [UInt8] {
    /// The little-endian integer at `offset`; nil where it runs past the end.
    func integer<T: FixedWidthInteger & UnsignedInteger>(
        at offset: Int, as type: T.Type = T.self
    ) -> T? {
        let width = T.bitWidth / 8
        guard offset >= 0, offset <= count - width else { return nil }
        return (0..<width).reduce(0) { $0 | T(self[offset + $1]) << T(8 * $1) }
    }

    /// Writes an integer in little-endian order. Requires that it lies inside the array.
    mutating func store<T: FixedWidthInteger & UnsignedInteger>(_ value: T, at offset: Int) {
        for byte in 0..<T.bitWidth / 8 {
            self[offset + byte] = UInt8(truncatingIfNeeded: value >> T(8 * byte))
        }
    }

    /// Copies `bytes` over what is at `offset`. Requires that they lie inside the array.
    mutating func store(_ bytes: some Collection<UInt8>, at offset: Int) {
        replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
}

/// `bytes` in whole pages; nil where that does not fit 64 bits.
func pages(_ bytes: UInt64) -> UInt64? {
    let (sum, overflow) = bytes.addingReportingOverflow(UInt64(PageFrame.size) - 1)
    return overflow ? nil : sum / UInt64(PageFrame.size)
}
