// SPDX-License-Identifier: GPL-2.0-or-later

/// Consecutive page frames, half-open: `upper` is not in it.
public struct FrameRange: Hashable, Sendable {
    public var lower: PageFrame
    public var upper: PageFrame

    /// Requires `lower <= upper`.
    @inlinable
    public init(_ lower: PageFrame, _ upper: PageFrame) {
        precondition(lower <= upper, "a frame range runs upwards")
        self.lower = lower
        self.upper = upper
    }

    /// Requires that `lower + count` fits 64 bits.
    @inlinable
    public init(_ lower: PageFrame, count: UInt64) { self.init(lower, lower + count) }

    /// How many pages.
    @inlinable
    public var count: UInt64 { upper.rawValue - lower.rawValue }

    @inlinable
    public var isEmpty: Bool { lower == upper }

    @inlinable
    public func contains(_ frame: PageFrame) -> Bool { lower <= frame && frame < upper }

    @inlinable
    public func contains(_ other: FrameRange) -> Bool {
        lower <= other.lower && other.upper <= upper
    }

    @inlinable
    public func overlaps(_ other: FrameRange) -> Bool { lower < other.upper && other.lower < upper }

    /// The same memory in bytes.
    public var physicalRange: PhysicalRange { PhysicalRange(lower.address, upper.address) }
}

extension FrameRange: CustomStringConvertible {
    /// Addresses, the last byte included, as /proc/iomem writes them.
    public var description: String { physicalRange.description }
}
