// SPDX-License-Identifier: GPL-2.0-or-later

/// Why a block could not be unpacked.
package enum DecompressionError: Error, Hashable {
    /// Not a block of this kind, or one that unpacks to more than `expected` bytes.
    case malformed(expected: Int)
    /// It unpacks to fewer bytes than it should.
    case size(expected: Int, found: Int)
}
