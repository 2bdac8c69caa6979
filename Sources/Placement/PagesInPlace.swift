// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Which pages of the image are in place for certain, whatever else is going to be pinned: those whose
/// frames are both wanted and owned.
///
/// There may be millions of runs of the image's, and memory is pinned in many steps: nothing is kept for
/// each run that is in place, only what is owned; a page is looked up by its frame.
package struct PagesInPlace: Sendable {
    /// The image's data, ascending by the pages' places in the stream.
    private let data: [IndexedRun]
    /// Ascending by frames.
    private var owned: [IndexedRun] = []

    package init() { data = [] }

    package init(_ destinations: DestinationMap) {
        let data = destinations.data
        // Most images ascend: then this is no copy.
        let ascends = zip(data, data.dropFirst()).allSatisfy { $0.firstIndex < $1.firstIndex }
        self.data = ascends ? data : data.sorted { $0.firstIndex < $1.firstIndex }
    }

    /// - Parameter new: some more of the pinned memory, in any order, no frame twice.
    package mutating func add(_ new: [IndexedRun]) {
        let new = new.sorted { $0.frames.lower < $1.frames.lower }
        var merged: [IndexedRun] = []
        merged.reserveCapacity(owned.count + new.count)
        var rest = new[...]
        for run in owned {
            while let first = rest.first, first.frames.lower < run.frames.lower {
                merged.append(first)
                rest.removeFirst()
            }
            merged.append(run)
        }
        owned = merged + rest
    }

    /// Where the last page was found: what is near it is found quickly.
    package struct Cursor {
        fileprivate var run = 0
        fileprivate var owner = 0

        package init() {}
    }

    /// The pages from `page` on that are in consecutive slots, up to the end of its run in the image; nil
    /// where `page` is not in place.
    package func extent(from page: Int, _ cursor: inout Cursor) -> Placement.Extent? {
        cursor.run = data.lastIndex(near: cursor.run) { $0.firstIndex <= page }
        guard cursor.run >= 0, case let run = data[cursor.run],
            case let skipped = UInt64(page - run.firstIndex), skipped < run.frames.count,
            case let frame = run.frames.lower + skipped
        else { return nil }
        cursor.owner = owned.lastIndex(near: cursor.owner) { $0.frames.lower <= frame }
        guard cursor.owner >= 0, case let owner = owned[cursor.owner], owner.frames.contains(frame)
        else { return nil }
        let part = FrameRange(frame, min(run.frames.upper, owner.frames.upper))
        return Placement.Extent(
            firstStreamIndex: page, firstSlot: owner.clipped(to: part).firstIndex,
            pageCount: Int(part.count))
    }
}

extension Array {
    /// The index of the last element for which `isBefore` holds, or -1; it holds for some of the first
    /// elements and for none after them. Quick if that is near `start`.
    fileprivate func lastIndex(near start: Int, _ isBefore: (Element) -> Bool) -> Int {
        guard !isEmpty else { return -1 }
        var low = Swift.min(Swift.max(start, 0), count - 1)
        var high = low
        var step = 1
        if isBefore(self[low]) {
            while high < count, isBefore(self[high]) {
                low = high
                high = Swift.min(high + step, count)
                step *= 2
            }
        } else {
            while low >= 0, !isBefore(self[low]) {
                high = low
                low = Swift.max(low - step, -1)
                step *= 2
            }
        }
        // It holds for `low`, if that is an index, and not for `high`.
        return self[(low + 1)..<high].partitionPoint(isBefore) - 1
    }
}
