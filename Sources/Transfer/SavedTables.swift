// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory

/// What of A's memory is saved, part after part, and what became of each: the image's tables as they
/// grow. However scattered A's memory is, they take about 100 KiB for each GiB of it.
///
/// How large they can become is known before anything is saved, and is within what an image can have.
package struct SavedTables: Sendable {
    private var pages: PageKinds
    private var cutter = PageKinds.Cutter()
    private var nextPart = 0
    /// By the numbers of the parts; what of them has no data has no pages here.
    private var found: [Chunk] = []
    /// How many more runs there may be than now.
    private var moreRuns: UInt64
    private let isSealed: Bool

    package let partCount: Int
    /// How many pages there are to save.
    package let pageCount: UInt64
    /// How many pages of data there are so far.
    package private(set) var dataPages: UInt64 = 0
    /// How many runs there are at most, if what is still to come is data.
    package private(set) var runCount: UInt64

    /// What is taken at a time; a chunk is never larger.
    private static let partPages = Int(Chunk.pageLimit)

    /// Where so much is left out, here and there, that it would be too many runs, some of that is
    /// saved after all.
    ///
    /// - Parameters:
    ///   - pages: to be saved; what kinds they are is not known yet.
    ///   - isSealed: whether the image is: its chunks take more in the table.
    ///   - runLimit: how many runs an image can have.
    package init(
        _ pages: consuming PageKinds, isSealed: Bool = false,
        runLimit: UInt64 = PageRun.countLimit
    ) throws(ImageError) {
        self.isSealed = isSealed
        var gap: UInt64 = 1
        var counts = SavedTables.counts(of: pages)
        // A quarter is left to pages that turn out to be filled.
        while counts.runs > runLimit / 4 * 3, gap < 1 << 20 {
            gap *= 2
            pages.fillGaps(below: gap)
            counts = SavedTables.counts(of: pages)
        }
        try Chunk.requireTable(ofCount: counts.parts, isSealed: isSealed)
        moreRuns = runLimit - min(runLimit, counts.runs)
        runCount = counts.runs
        partCount = counts.parts
        pageCount = pages.pageCount
        self.pages = pages
        // Address space only, as long as it is not used.
        found.reserveCapacity(partCount)
    }

    private static func counts(of pages: PageKinds) -> (parts: Int, runs: UInt64) {
        var cutter = PageKinds.Cutter()
        var counts: (parts: Int, runs: UInt64) = (0, 0)
        while let frames = pages.cut(&cutter, limit: partPages) {
            counts.parts += 1
            counts.runs += UInt64(frames.count)
        }
        return counts
    }

    /// The next part: its number, and its frames, which are near each other.
    mutating package func next() -> (part: Int, frames: [FrameRange])? {
        guard let frames = pages.cut(&cutter, limit: Self.partPages) else { return nil }
        defer { nextPart += 1 }
        return (nextPart, frames)
    }

    /// Takes in what the pages of a part are.
    ///
    /// - Parameter runs: all of `frames`.
    /// - Returns: as what they are to be saved. Where it would be too many runs, all is data.
    package mutating func take(_ runs: [PageRun], of frames: [FrameRange]) -> [PageRun] {
        let more = UInt64(runs.count - frames.count)
        var taken = runs
        if more <= moreRuns {
            moreRuns -= more
            runCount += more
        } else {
            taken = frames.map {
                PageRun(first: $0.lower, count: UInt32($0.count), kind: .data)
            }
        }
        for run in taken {
            pages.set(run)
            if run.kind == .data { dataPages += UInt64(run.count) }
        }
        return taken
    }

    /// - Parameter chunk: its first page does not matter.
    package mutating func add(_ chunk: Chunk, part: Int) {
        let none = Chunk(offset: 0, size: 0, firstPage: 0, pageCount: 0, checksum: 0)
        while found.count <= part { found.append(none) }
        found[part] = chunk
    }

    /// What the tables take on the device at most, in bytes, and what is written beside them.
    package var sizeLimit: UInt64 {
        UInt64(partCount * Chunk.storedSize(isSealed: isSealed))
            + runCount * UInt64(PageRun.storedSize)
            + (isSealed ? 5 : 4) * UInt64(PageFrame.size)
    }

    package var runs: PageKinds.Runs { pages.runs }

    /// In the order of the data.
    package var chunks: SavedChunks { SavedChunks(found: found) }
}

package struct SavedChunks: Sequence, IteratorProtocol {
    fileprivate let found: [Chunk]
    private var index = 0
    private var firstPage: UInt64 = 0

    fileprivate init(found: [Chunk]) { self.found = found }

    package mutating func next() -> Chunk? {
        while index < found.count {
            var chunk = found[index]
            index += 1
            if chunk.pageCount == 0 { continue }
            chunk.firstPage = firstPage
            firstPage += UInt64(chunk.pageCount)
            return chunk
        }
        return nil
    }
}
