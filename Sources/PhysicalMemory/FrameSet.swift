// SPDX-License-Identifier: GPL-2.0-or-later

/// A set of page frames, kept as ranges that ascend, do not touch and are not empty.
///
/// Every operation walks both operands once, so a set of n ranges costs n and not its frames.
package struct FrameSet: Hashable, Sendable {
    package private(set) var ranges: [FrameRange]

    package init() { ranges = [] }

    /// The union of `ranges`, which may come in any order and overlap.
    package init(_ ranges: some Sequence<FrameRange>) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lower < $1.lower }) { append(range) }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    /// How many frames.
    package var count: UInt64 { ranges.reduce(0) { $0 + $1.count } }

    package func contains(_ frame: PageFrame) -> Bool {
        contains(FrameRange(frame, count: 1))
    }

    /// Whether every frame of `range` is in the set.
    package func contains(_ range: FrameRange) -> Bool {
        if range.isEmpty { return true }
        let after = firstIndex(above: range.lower)
        return after > 0 && ranges[after - 1].contains(range)
    }

    package func union(_ other: FrameSet) -> FrameSet { FrameSet(ranges + other.ranges) }

    package func subtracting(_ other: FrameSet) -> FrameSet {
        var result = FrameSet()
        var next = 0
        for range in ranges {
            var rest = range
            while next < other.ranges.count, other.ranges[next].upper <= rest.lower { next += 1 }
            var cut = next
            while cut < other.ranges.count, other.ranges[cut].lower < rest.upper {
                let hole = other.ranges[cut]
                if rest.lower < hole.lower { result.append(FrameRange(rest.lower, hole.lower)) }
                rest.lower = min(max(rest.lower, hole.upper), rest.upper)
                cut += 1
            }
            result.append(rest)
        }
        return result
    }

    package func intersection(_ other: FrameSet) -> FrameSet {
        var result = FrameSet()
        var i = 0
        var j = 0
        while i < ranges.count, j < other.ranges.count {
            let lower = max(ranges[i].lower, other.ranges[j].lower)
            let upper = min(ranges[i].upper, other.ranges[j].upper)
            if lower < upper { result.append(FrameRange(lower, upper)) }
            if ranges[i].upper < other.ranges[j].upper { i += 1 } else { j += 1 }
        }
        return result
    }

    package func subtracting(_ range: FrameRange) -> FrameSet { subtracting(FrameSet([range])) }

    package func intersection(_ range: FrameRange) -> FrameSet { intersection(FrameSet([range])) }

    /// The index of the first range that begins above `frame`.
    private func firstIndex(above frame: PageFrame) -> Int {
        ranges.partitionPoint { $0.lower <= frame }
    }

    /// Adds a range that begins at or after the last one's beginning.
    private mutating func append(_ range: FrameRange) {
        if range.isEmpty { return }
        guard let last = ranges.last, range.lower <= last.upper else {
            ranges.append(range)
            return
        }
        ranges[ranges.count - 1].upper = max(last.upper, range.upper)
    }
}
