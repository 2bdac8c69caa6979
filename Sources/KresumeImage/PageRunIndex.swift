// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Finds the frames that pages of the data stream belong to.
public struct PageRunIndex: Sendable {
    private let runs: [FrameRange]
    /// For each run, how many data pages come before it.
    private let starts: [UInt64]
    /// How long the stream is, in pages.
    public let pageCount: UInt64

    /// Requires the runs of an image that was read, or checked by `validate`.
    public init(_ runs: [PageRun]) {
        self.runs = runs.filter { $0.kind == .data }.map(\.frames)
        var starts: [UInt64] = []
        starts.reserveCapacity(self.runs.count)
        var sum: UInt64 = 0
        for run in self.runs {
            starts.append(sum)
            sum += run.count
        }
        self.starts = starts
        pageCount = sum
    }

    /// The frames of `pages` of the stream, in its order. Requires `pages` to end at or before
    /// ``pageCount``.
    public func frames(of pages: Range<UInt64>) -> [FrameRange] {
        precondition(pages.upperBound <= pageCount, "pages beyond the data stream")
        var pieces: [FrameRange] = []
        var page = pages.lowerBound
        var index = run(of: page)
        while page < pages.upperBound {
            let run = runs[index]
            let skipped = page - starts[index]
            let count = min(run.count - skipped, pages.upperBound - page)
            pieces.append(FrameRange(run.lower + skipped, count: count))
            page += count
            index += 1
        }
        return pieces
    }

    /// The last run that begins at or before `page`.
    private func run(of page: UInt64) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= page { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }
}

extension [PageRun] {
    /// Where in the data stream the contents of `frame` are; nil where it has none. Requires the
    /// runs of an image that was read.
    public func dataPage(of frame: PageFrame) -> Int? {
        var page = 0
        for run in self where run.kind == .data {
            if run.frames.contains(frame) {
                return page + Int(frame.rawValue - run.first.rawValue)
            }
            page += Int(run.count)
        }
        return nil
    }
}
