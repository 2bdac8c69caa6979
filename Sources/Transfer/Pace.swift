// SPDX-License-Identifier: GPL-2.0-or-later

/// How thoroughly data is packed, so that neither packing nor writing waits long for the other:
/// faster where the device could take more, thoroughly where it is behind anyway.
package struct Pace: Sendable {
    /// What packing gains beyond this is little (LZ4 packs text about twice as fast as with 1, and
    /// to a tenth more).
    package static let limit = 8

    /// LZ4's: from 1 to ``limit``.
    package private(set) var acceleration = 1
    /// Whether the next piece is to be packed at all.
    package var packs: Bool { piecesToSkip == 0 }

    /// A device may be so fast that data is sooner written as it is.
    private let maySkip: Bool
    private var piecesToSkip = 0
    /// One piece in so many shows whether that still holds.
    private static let skipped = 15

    /// - Parameter maySkip: whether data need not be packed, although the image will be larger.
    package init(maySkip: Bool = false) { self.maySkip = maySkip }

    /// Takes in how long the last piece took to pack and to write, in any unit.
    ///
    /// - Parameters:
    ///   - share: how much of the piece was left to be written, from 0 to 1.
    ///   - mayGrow: whether there is room enough for data that is packed less.
    package mutating func adapt(
        packing: UInt64, writing: UInt64, share: Double = 0, mayGrow: Bool
    ) {
        let wasLimit = acceleration == Self.limit
        if !mayGrow {
            acceleration = 1
        } else if packing / 2 > writing {
            acceleration = min(acceleration * 2, Self.limit)
        } else if writing > packing {
            acceleration = max(acceleration / 2, 1)
        }
        // What packing has left out would have taken so long to write.
        let spared = Double(writing) * (1 - share) / max(share, 0.001)
        if maySkip, mayGrow, wasLimit, Double(packing) > spared * 1.25 {
            piecesToSkip = Self.skipped
        }
    }

    /// A piece was written as it was.
    package mutating func skip(mayGrow: Bool) {
        piecesToSkip = mayGrow ? max(piecesToSkip - 1, 0) : 0
    }
}
