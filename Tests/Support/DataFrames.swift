// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

extension [PageRun] {
    /// How long the data stream is, in pages.
    package var dataPageCount: UInt64 {
        reduce(0) { $0 + ($1.kind == .data ? UInt64($1.count) : 0) }
    }

    /// The frames that some pages of the data stream belong to, in the stream's order.
    package func frames(ofDataPages pages: Range<UInt64>) -> [FrameRange] {
        var result: [FrameRange] = []
        var start: UInt64 = 0
        for run in self where run.kind == .data {
            let end = start + UInt64(run.count)
            let part = pages.clamped(to: start..<end)
            if !part.isEmpty {
                result.append(
                    FrameRange(run.first + (part.lowerBound - start), count: UInt64(part.count)))
            }
            start = end
        }
        return result
    }
}
