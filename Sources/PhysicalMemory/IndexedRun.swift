// SPDX-License-Identifier: GPL-2.0-or-later

/// Consecutive frames whose pages are also consecutive in some other numbering.
///
/// Two numberings are in use: a page's place in the image's data (its *stream index*), and a
/// page's place in the memory that this process has pinned (its *slot*).
@usableFromInline
package struct IndexedRun: Hashable, Sendable {
    @usableFromInline let pages: PackedRun

    /// Requires frames and numbers below ``PackedRun/limit``.
    @inlinable
    package init(_ frames: FrameRange, firstIndex: Int) {
        pages = PackedRun(
            first: frames.lower.rawValue, second: UInt64(firstIndex), count: frames.count)
    }

    @inlinable
    package var frames: FrameRange { FrameRange(PageFrame(pages.first), count: pages.count) }

    /// The number that the run's first page has.
    @inlinable
    package var firstIndex: Int { Int(pages.second) }

    /// The part of the run that lies in `part`, which must be inside it.
    @inlinable
    package func clipped(to part: FrameRange) -> IndexedRun {
        let skipped = Int(part.lower.rawValue - frames.lower.rawValue)
        return IndexedRun(part, firstIndex: firstIndex + skipped)
    }
}

extension Sequence<IndexedRun> {
    /// How many pages the runs hold together.
    package var pageCount: UInt64 { reduce(0) { $0 + $1.frames.count } }
}

extension [IndexedRun] {
    /// The parts of the runs that lie in `frames`. The runs must ascend and be disjoint.
    package func intersection(_ frames: FrameSet) -> [IndexedRun] {
        var result: [IndexedRun] = []
        var i = 0
        var j = 0
        while i < count, j < frames.ranges.count {
            let run = self[i].frames
            let range = frames.ranges[j]
            let lower = Swift.max(run.lower, range.lower)
            let upper = Swift.min(run.upper, range.upper)
            if lower < upper { result.append(self[i].clipped(to: FrameRange(lower, upper))) }
            if run.upper < range.upper { i += 1 } else { j += 1 }
        }
        return result
    }
}
