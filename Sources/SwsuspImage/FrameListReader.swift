// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory

/// Collects the frames that an image fills, page by page of its lists.
///
/// The kernel lists them in ascending order and stores data in that order: it reads both off one
/// bitmap. In Linux 6.12, not in 6.1, a frame whose page is all
/// zero has bit 63 set and no data.
///
/// Source: `pack_pfns`, `unpack_orig_pfns`, kernel/power/snapshot.c, Linux 6.12.
struct FrameListReader {
    private static let endOfList = ~UInt64(0)
    private static let zeroFlag: UInt64 = 1 << 63

    private let info: SwsuspInfo
    /// Pages taken in.
    private(set) var pageCount: UInt64 = 0
    private var listed: UInt64 = 0
    private var zero: UInt64 = 0
    private var next = PageFrame(0)
    private var runs: [PageRun] = []

    init(_ info: SwsuspInfo) { self.info = info }

    var isComplete: Bool { pageCount == info.listPages }

    /// Takes in the next page of the lists.
    mutating func append(_ page: RawSpan) throws(SwsuspError) {
        pageCount += 1
        for offset in stride(from: 0, to: PageFrame.size, by: 8) {
            let entry = page.u64(at: offset)
            // Before bit 63: this is no zero page.
            if entry == Self.endOfList {
                guard isComplete else { throw .listEndsEarly(index: listed) }
                return
            }
            let frame = PageFrame(entry & ~Self.zeroFlag)
            guard frame < .limit else { throw .frameBeyondLimit(index: listed, entry: entry) }
            try append(frame, entry == frame.rawValue ? .data : .zero)
        }
    }

    private mutating func append(_ frame: PageFrame, _ kind: PageRun.Kind) throws(SwsuspError) {
        guard next <= frame else {
            let previous = PageFrame(next.rawValue - 1)
            throw frame == previous
                ? .duplicateFrame(index: listed, frame)
                : .frameOrder(index: listed, frame, previous: previous)
        }
        guard listed < info.memoryPages else { throw .tooManyFrames(limit: info.memoryPages) }
        listed += 1
        if kind == .zero { zero += 1 }
        if let last = runs.last, last.kind == kind, next == frame, last.count < UInt32.max {
            runs[runs.count - 1].count += 1
        } else {
            runs.append(PageRun(first: frame, count: 1, kind: kind))
        }
        next = frame + 1
    }

    /// All runs, ascending.
    func finish() throws(SwsuspError) -> [PageRun] {
        guard listed - zero == info.dataPages,
            listed > (info.listPages - 1) * SwsuspInfo.framesPerPage
        else { throw .frameCount(listed: listed, zero: zero, dataPages: info.dataPages) }
        return runs
    }
}
