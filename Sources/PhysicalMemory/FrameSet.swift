// SPDX-License-Identifier: GPL-2.0-or-later

/// A set of page frames, kept as ranges that ascend, do not touch and are not empty.
///
/// Every operation walks both operands once, so a set of n ranges costs n and not its frames.
public struct FrameSet: Hashable, Sendable {
    public private(set) var ranges: [FrameRange]

    public init() { ranges = [] }

    /// The union of `ranges`, which may come in any order and overlap.
    public init(_ ranges: some Sequence<FrameRange>) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lower < $1.lower }) { append(range) }
    }

    public var isEmpty: Bool { ranges.isEmpty }

    /// How many frames.
    public var count: UInt64 { ranges.reduce(0) { $0 + $1.count } }

    public func contains(_ frame: PageFrame) -> Bool {
        contains(FrameRange(frame, count: 1))
    }

    /// Whether every frame of `range` is in the set.
    public func contains(_ range: FrameRange) -> Bool {
        if range.isEmpty { return true }
        let after = firstIndex(above: range.lower)
        return after > 0 && ranges[after - 1].contains(range)
    }

    public func union(_ other: FrameSet) -> FrameSet { FrameSet(ranges + other.ranges) }

    public func subtracting(_ other: FrameSet) -> FrameSet {
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

    public func intersection(_ other: FrameSet) -> FrameSet {
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

    public func subtracting(_ range: FrameRange) -> FrameSet { subtracting(FrameSet([range])) }

    public func intersection(_ range: FrameRange) -> FrameSet { intersection(FrameSet([range])) }

    /// The index of the first range that begins above `frame`.
    private func firstIndex(above frame: PageFrame) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lower <= frame { low = middle + 1 } else { high = middle }
        }
        return low
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
