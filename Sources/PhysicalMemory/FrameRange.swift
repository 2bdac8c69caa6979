// SPDX-License-Identifier: GPL-2.0-or-later

/// Consecutive page frames, half-open: `upper` is not in it.
@usableFromInline
package struct FrameRange: Hashable, Sendable {
    @usableFromInline package var lower: PageFrame
    @usableFromInline package var upper: PageFrame

    /// Requires `lower <= upper`.
    @inlinable
    package init(_ lower: PageFrame, _ upper: PageFrame) {
        precondition(lower <= upper, "a frame range runs upwards")
        self.lower = lower
        self.upper = upper
    }

    /// Requires that `lower + count` fits 64 bits.
    @inlinable
    package init(_ lower: PageFrame, count: UInt64) { self.init(lower, lower + count) }

    /// How many pages.
    @inlinable
    package var count: UInt64 { upper.rawValue - lower.rawValue }

    @inlinable
    package var isEmpty: Bool { lower == upper }

    @inlinable
    package func contains(_ frame: PageFrame) -> Bool { lower <= frame && frame < upper }

    @inlinable
    package func contains(_ other: FrameRange) -> Bool {
        lower <= other.lower && other.upper <= upper
    }

    @inlinable
    package func overlaps(_ other: FrameRange) -> Bool {
        lower < other.upper && other.lower < upper
    }

    /// The same memory in bytes.
    package var physicalRange: PhysicalRange { PhysicalRange(lower.address, upper.address) }
}

extension FrameRange: CustomStringConvertible {
    /// Addresses, the last byte included, as /proc/iomem writes them.
    @usableFromInline
    package var description: String { physicalRange.description }
}
