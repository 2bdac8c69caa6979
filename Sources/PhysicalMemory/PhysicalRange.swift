// SPDX-License-Identifier: GPL-2.0-or-later

/// Consecutive bytes of physical memory, half-open: `end` is not in it.
public struct PhysicalRange: Hashable, Sendable {
    public var start: PhysicalAddress
    public var end: PhysicalAddress

    /// Requires `start <= end`.
    public init(_ start: PhysicalAddress, _ end: PhysicalAddress) {
        precondition(start <= end, "a physical range runs upwards")
        self.start = start
        self.end = end
    }

    /// In bytes.
    public var size: UInt64 { end.rawValue - start.rawValue }

    public var isEmpty: Bool { start == end }

    public func contains(_ other: PhysicalRange) -> Bool {
        start <= other.start && other.end <= end
    }

    public func overlaps(_ other: PhysicalRange) -> Bool { start < other.end && other.start < end }

    /// The frames that lie in this range with every byte.
    public var wholeFrames: FrameRange {
        let lower = (start.rawValue >> 12) + (start.rawValue & 4095 == 0 ? 0 : 1)
        let upper = end.rawValue >> 12
        return FrameRange(PageFrame(lower), PageFrame(max(lower, upper)))
    }
}

extension PhysicalRange: CustomStringConvertible {
    /// As the kernel prints it, last byte included: `0x100000-0x3fdffff`.
    public var description: String {
        isEmpty ? "\(start)-(empty)" : "\(start)-\(PhysicalAddress(end.rawValue - 1))"
    }
}
