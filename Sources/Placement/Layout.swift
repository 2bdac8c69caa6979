// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// The planner itself: one pass over the image's frames and the owned frames, both ascending.
struct Layout {
    private(set) var extents: [Placement.Extent] = []
    private(set) var moves: [Move] = []
    private(set) var inPlacePageCount: UInt64 = 0
    private(set) var zeroFillPageCount: UInt64 = 0

    init(
        _ destinations: DestinationMap, owned: [IndexedRun], avoiding block: FrameRange
    ) throws(PlacementError) {
        let ownedFrames = FrameSet(owned.map(\.frames))
        let usable = ownedFrames.intersection(destinations.ram)
            .subtracting(destinations.dataFrames).subtracting(block)
        let filled = destinations.zero.union(destinations.poison)
        let clean = owned.intersection(usable.subtracting(filled))
        let poisonLater = owned.intersection(usable.intersection(destinations.poison))
        let zeroLater = owned.intersection(usable.intersection(destinations.zero))

        var away: [IndexedRun] = []
        destinations.split(
            by: owned,
            here: { pages, slot in
                addExtent(pages, slot: slot)
                inPlacePageCount += pages.frames.count
            },
            away: { away.append($0) })

        // Staged: the others, into clean frames while there are any.
        let awayCount = away.pageCount
        let room = clean.pageCount + poisonLater.pageCount + zeroLater.pageCount
        if room < awayCount { throw .tooFewPages(missing: awayCount - room) }
        var usedForStaging: [FrameRange] = []
        var frames = (clean + poisonLater + zeroLater).makeIterator()
        var stage: IndexedRun?
        for run in away {
            var rest = run.frames
            while !rest.isEmpty {
                guard let free = stage ?? frames.next() else {
                    preconditionFailure("counted above")
                }
                let count = min(free.frames.count, rest.count)
                let source = FrameRange(free.frames.lower, count: count)
                let destination = FrameRange(rest.lower, count: count)
                addExtent(run.clipped(to: destination), slot: free.firstIndex)
                moves.appendMerging(Move(from: .frames(source.lower), to: destination))
                usedForStaging.append(source)
                let left = FrameRange(source.upper, free.frames.upper)
                stage = left.isEmpty ? nil : free.clipped(to: left)
                rest.lower = destination.upper
            }
        }

        // Zeroes: all but the owned frames that nothing was written to.
        let untouched = FrameSet(zeroLater.map(\.frames)).subtracting(FrameSet(usedForStaging))
        let fills = destinations.zero.subtracting(untouched)
        zeroFillPageCount = fills.count
        moves += fills.ranges.map { Move(from: .byte(0), to: $0) }
        moves += destinations.poison.ranges.map {
            Move(from: .byte(DestinationMap.poisonByte), to: $0)
        }

        extents.sort { $0.firstStreamIndex < $1.firstStreamIndex }
    }

    private mutating func addExtent(_ pages: IndexedRun, slot: Int) {
        extents.append(Placement.Extent(pages, firstSlot: slot))
    }
}

extension Placement.Extent {
    fileprivate init(_ pages: IndexedRun, firstSlot: Int) {
        self.init(
            firstStreamIndex: pages.firstIndex, firstSlot: firstSlot,
            pageCount: Int(pages.frames.count))
    }
}

extension DestinationMap {
    /// The pages that will be in place for certain, whatever else is going to be pinned: the
    /// frames that are both owned and wanted. Ascending by frames.
    ///
    /// - Parameter owned: some of the pinned memory, in any order, no frame twice.
    package func extentsInPlace(owned: [IndexedRun]) -> [Placement.Extent] {
        var extents: [Placement.Extent] = []
        split(
            by: owned.sorted { $0.frames.lower < $1.frames.lower },
            here: { extents.append(Placement.Extent($0, firstSlot: $1)) }, away: { _ in })
        return extents
    }

    /// Tells the data pages whose frames are in `owned`, which ascends, with their slots; and all
    /// others.
    fileprivate func split(
        by owned: [IndexedRun], here: (_ pages: IndexedRun, _ slot: Int) -> Void,
        away: (_ pages: IndexedRun) -> Void
    ) {
        let mine = owned.intersection(dataFrames)
        var next = 0
        for run in data {
            var rest = run.frames
            while next < mine.count, mine[next].frames.lower < run.frames.upper {
                let frames = FrameRange(
                    max(rest.lower, mine[next].frames.lower),
                    min(run.frames.upper, mine[next].frames.upper))
                let before = FrameRange(rest.lower, frames.lower)
                if !before.isEmpty { away(run.clipped(to: before)) }
                here(run.clipped(to: frames), mine[next].clipped(to: frames).firstIndex)
                rest.lower = frames.upper
                // An owned run may go on into the next wanted run.
                if mine[next].frames.upper > run.frames.upper { break }
                next += 1
            }
            if !rest.isEmpty { away(run.clipped(to: rest)) }
        }
    }
}
