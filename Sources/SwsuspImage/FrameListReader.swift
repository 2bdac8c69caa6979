// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
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
        var offset = 0
        while offset < PageFrame.size {
            let entry = page.u64(at: offset)
            offset += 8
            // Before bit 63: this is no zero page.
            if entry == Self.endOfList {
                guard isComplete else { throw .listEndsEarly(index: listed) }
                return
            }
            let frame = PageFrame(entry & ~Self.zeroFlag)
            guard frame < .limit else { throw .frameBeyondLimit(index: listed, entry: entry) }
            // Most follow the one before, so these are only counted.
            var count: UInt64 = 1
            while offset < PageFrame.size, frame + count < .limit,
                page.u64(at: offset) == entry + count
            {
                count += 1
                offset += 8
            }
            try append(
                FrameRange(frame, count: count), entry == frame.rawValue ? .data : .zero)
        }
    }

    private mutating func append(
        _ frames: FrameRange, _ kind: PageRun.Kind
    ) throws(SwsuspError) {
        guard next <= frames.lower else {
            let previous = PageFrame(next.rawValue - 1)
            throw frames.lower == previous
                ? .duplicateFrame(index: listed, frames.lower)
                : .frameOrder(index: listed, frames.lower, previous: previous)
        }
        guard frames.count <= info.memoryPages - listed else {
            throw .tooManyFrames(limit: info.memoryPages)
        }
        listed += frames.count
        if kind == .zero { zero += frames.count }
        // A page's entries are few beside what a run can have.
        let count = UInt32(frames.count)
        if let last = runs.last, last.kind == kind, next == frames.lower,
            last.count <= UInt32.max - count
        {
            runs[runs.count - 1].count += count
        } else {
            runs.append(PageRun(first: frames.lower, count: count, kind: kind))
        }
        next = frames.upper
    }

    /// All runs, ascending.
    func finish() throws(SwsuspError) -> [PageRun] {
        guard listed - zero == info.dataPages,
            listed > (info.listPages - 1) * SwsuspInfo.framesPerPage
        else { throw .frameCount(listed: listed, zero: zero, dataPages: info.dataPages) }
        return runs
    }
}
