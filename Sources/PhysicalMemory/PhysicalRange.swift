// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// Consecutive bytes of physical memory, half-open: `end` is not in it.
package struct PhysicalRange: Hashable, Sendable {
    package var start: PhysicalAddress
    package var end: PhysicalAddress

    /// Requires `start <= end`.
    package init(_ start: PhysicalAddress, _ end: PhysicalAddress) {
        precondition(start <= end, "a physical range runs upwards")
        self.start = start
        self.end = end
    }

    /// In bytes.
    package var size: UInt64 { end.rawValue - start.rawValue }

    package var isEmpty: Bool { start == end }

    package func contains(_ other: PhysicalRange) -> Bool {
        start <= other.start && other.end <= end
    }

    package func overlaps(_ other: PhysicalRange) -> Bool { start < other.end && other.start < end }

    /// The frames that lie in this range with every byte.
    package var wholeFrames: FrameRange {
        let lower = start.rawValue.units(of: UInt64(PageFrame.size))
        let upper = end.rawValue >> 12
        return FrameRange(PageFrame(lower), PageFrame(max(lower, upper)))
    }
}

extension PhysicalRange: CustomStringConvertible {
    /// As the kernel prints it, last byte included: `0x100000-0x3fdffff`.
    package var description: String {
        isEmpty ? "\(start)-(empty)" : "\(start)-\(PhysicalAddress(end.rawValue - 1))"
    }
}
