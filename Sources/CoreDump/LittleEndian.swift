// SPDX-License-Identifier: GPL-2.0-or-later

extension [UInt8] {
    /// The little-endian integer at `offset`; nil where it runs past the end.
    func integer<T: FixedWidthInteger & UnsignedInteger>(
        at offset: Int, as type: T.Type = T.self
    ) -> T? {
        let width = T.bitWidth / 8
        guard offset >= 0, offset <= count - width else { return nil }
        return (0..<width).reduce(0) { $0 | T(self[offset + $1]) << T(8 * $1) }
    }
}
