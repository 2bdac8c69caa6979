// SPDX-License-Identifier: GPL-2.0-or-later

/// Consecutive frames that an image fills in one way.
package struct PageRun: Hashable, Sendable {
    package enum Kind: UInt32, Hashable, Sendable {
        /// From the stream of data pages.
        case data = 0
        /// With zeroes.
        case zero = 1
        /// With bytes 0xaa, as a kernel with page_poison=1 fills its free pages (`PAGE_POISON`,
        /// include/linux/poison.h, Linux 6.12).
        case poison = 2
    }

    package var first: PageFrame
    /// How many pages; not 0.
    package var count: UInt32
    package var kind: Kind

    package init(first: PageFrame, count: UInt32, kind: Kind) {
        self.first = first
        self.count = count
        self.kind = kind
    }

    /// Requires that they are below the frame limit, which holds for the runs of an image read.
    package var frames: FrameRange { FrameRange(first, count: UInt64(count)) }

    package var isBelowLimit: Bool {
        first < PageFrame.limit && UInt64(count) <= PageFrame.limit.rawValue - first.rawValue
    }
}

extension [PageRun] {
    /// Where in the data stream the contents of `frame` are; nil where it has none. Requires the
    /// runs of an image that was read.
    package func dataPage(of frame: PageFrame) -> Int? {
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
