// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// The planner itself: one pass over the image's frames and the owned frames, both ascending.
struct Layout {
    private(set) var pieces: [Placement.Piece] = []
    private(set) var moves: [Move] = []
    private(set) var inPlacePageCount: UInt64 = 0
    private(set) var zeroFillPageCount: UInt64 = 0

    init(_ demand: Demand, owned: [IndexedRun], avoiding block: FrameRange) throws(PlacementError) {
        let ownedFrames = FrameSet(owned.map(\.frames))
        let usable = ownedFrames.intersection(demand.ram)
            .subtracting(demand.dataFrames).subtracting(block)
        let filled = demand.zero.union(demand.poison)
        let clean = owned.intersection(usable.subtracting(filled))
        let poisonLater = owned.intersection(usable.intersection(demand.poison))
        let zeroLater = owned.intersection(usable.intersection(demand.zero))

        // In place: the frames that are both owned and wanted.
        let mine = owned.intersection(demand.dataFrames)
        var next = 0
        var away: [IndexedRun] = []
        for run in demand.data {
            var rest = run.frames
            while next < mine.count, mine[next].frames.lower < run.frames.upper {
                let here = FrameRange(
                    max(rest.lower, mine[next].frames.lower),
                    min(run.frames.upper, mine[next].frames.upper))
                let before = FrameRange(rest.lower, here.lower)
                if !before.isEmpty { away.append(run.clipped(to: before)) }
                addPiece(run.clipped(to: here), slot: mine[next].clipped(to: here).firstIndex)
                inPlacePageCount += here.count
                rest.lower = here.upper
                // An owned run may go on into the next wanted run.
                if mine[next].frames.upper > run.frames.upper { break }
                next += 1
            }
            if !rest.isEmpty { away.append(run.clipped(to: rest)) }
        }

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
                guard let free = stage ?? frames.next() else { preconditionFailure("counted above") }
                let count = min(free.frames.count, rest.count)
                let source = FrameRange(free.frames.lower, count: count)
                let destination = FrameRange(rest.lower, count: count)
                addPiece(run.clipped(to: destination), slot: free.firstIndex)
                moves.appendMerging(Move(from: .frames(source.lower), to: destination))
                usedForStaging.append(source)
                let left = FrameRange(source.upper, free.frames.upper)
                stage = left.isEmpty ? nil : free.clipped(to: left)
                rest.lower = destination.upper
            }
        }

        // Zeroes: all but the owned frames that nothing was written to.
        let untouched = FrameSet(zeroLater.map(\.frames)).subtracting(FrameSet(usedForStaging))
        let fills = demand.zero.subtracting(untouched)
        zeroFillPageCount = fills.count
        moves += fills.ranges.map { Move(from: .byte(0), to: $0) }
        moves += demand.poison.ranges.map { Move(from: .byte(Demand.poisonByte), to: $0) }

        pieces.sort { $0.firstStreamIndex < $1.firstStreamIndex }
    }

    private mutating func addPiece(_ pages: IndexedRun, slot: Int) {
        pieces.append(
            Placement.Piece(
                firstStreamIndex: pages.firstIndex, firstSlot: slot,
                pageCount: Int(pages.frames.count)))
    }
}
