// SPDX-License-Identifier: GPL-2.0-or-later

/// How thoroughly data is packed, so that neither packing nor writing waits long for the other:
/// faster where the device could take more, thoroughly where it is behind anyway.
package struct Pace: Sendable {
    /// What packing gains beyond this is little (LZ4 packs text about twice as fast as with 1, and
    /// to a tenth more).
    package static let limit = 8

    /// LZ4's: from 1 to ``limit``.
    package private(set) var acceleration = 1

    package init() {}

    /// Takes in how long the last piece took to pack and to write, in any unit.
    ///
    /// - Parameter mayGrow: whether there is room enough for data that is packed less.
    package mutating func adapt(packing: UInt64, writing: UInt64, mayGrow: Bool) {
        if !mayGrow {
            acceleration = 1
        } else if packing / 2 > writing {
            acceleration = min(acceleration * 2, Self.limit)
        } else if writing > packing {
            acceleration = max(acceleration / 2, 1)
        }
    }
}
