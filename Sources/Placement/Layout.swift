// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// The planner itself. It walks the image's frames and the owned frames, both ascending; there may
/// be millions of runs of either, so it keeps nothing of them but the plan.
struct Layout {
    private(set) var extents: [Placement.Extent] = []
    private(set) var moves: [Move] = []
    private(set) var listPages: [MoveList.Pages] = []
    private(set) var inPlacePageCount: UInt64 = 0
    private(set) var zeroFillPageCount: UInt64 = 0

    private let destinations: DestinationMap
    private let owned: [IndexedRun]

    /// - Parameter owned: ascends.
    init(
        _ destinations: DestinationMap, owned: [IndexedRun], avoiding block: FrameRange
    ) throws(PlacementError) {
        self.destinations = destinations
        self.owned = owned
        // Address space only, as long as it is not used.
        extents.reserveCapacity(2 * (destinations.data.count + owned.count))
        moves.reserveCapacity(2 * (destinations.runCount + owned.count))

        let parts = OwnedParts(owned, destinations, avoiding: block)
        let room = count(parts)
        let staged = destinations.dataPageCount - inPlacePageCount
        if room < staged { throw .tooFewPages(missing: staged - room) }
        var spare = SparePages(parts)
        place(with: &spare)

        // Frames that are owned, and that nothing is written to, are zero already.
        let zero = spare.end(ofFilledWith: 0)
        addFills(of: destinations.zero, with: 0, butOwned: FrameRange(zero, .limit))
        zeroFillPageCount = moves.filledPageCount(with: 0)
        // Those of the list are filled by themselves.
        let poison = spare.end(ofFilledWith: DestinationMap.poisonByte)
        try takeListPages(from: &spare)
        addFills(
            of: destinations.poison, with: DestinationMap.poisonByte,
            butOwned: FrameRange(
                poison, spare.end(ofFilledWith: DestinationMap.poisonByte)))

        // They are sorted already if the image's data ascends.
        extents.sort { $0.firstStreamIndex < $1.firstStreamIndex }
    }

    /// - Returns: how many owned pages can take what is not in place.
    private mutating func count(_ parts: OwnedParts) -> UInt64 {
        var room: UInt64 = 0
        for (run, use) in parts {
            switch use {
            case .inPlace: inPlacePageCount += run.frames.count
            case .clean, .filledLater: room += run.frames.count
            case .none: break
            }
        }
        return room
    }

    /// The pages with contents: into their frames where these are owned, else into spare ones.
    private mutating func place(with spare: inout SparePages) {
        var mine = RangeWalk(owned)
        for run in destinations.data {
            var frame = run.frames.lower
            while frame < run.frames.upper {
                let (owner, next) = mine.step(to: frame)
                let end = min(next, run.frames.upper)
                if let owner {
                    let part = FrameRange(frame, end)
                    extents.append(
                        Placement.Extent(
                            run.clipped(to: part), firstSlot: owner.clipped(to: part).firstIndex))
                    frame = end
                }
                while frame < end {
                    guard let (source, _) = spare.take(FrameRange(frame, end).count) else {
                        preconditionFailure("counted above")
                    }
                    let part = FrameRange(frame, count: source.frames.count)
                    extents.append(
                        Placement.Extent(run.clipped(to: part), firstSlot: source.firstIndex))
                    moves.appendMerging(Move(from: .frames(source.frames.lower), to: part))
                    frame = part.upper
                }
            }
        }
    }

    /// - Parameter excepted: of the owned frames, those that are not filled.
    private mutating func addFills(
        of set: FrameSet, with byte: UInt8, butOwned excepted: FrameRange
    ) {
        var mine = RangeWalk(owned)
        for range in set.ranges {
            var frame = range.lower
            while frame < range.upper {
                let (owner, next) = mine.step(to: frame)
                var end = min(next, range.upper)
                for cut in [excepted.lower, excepted.upper] where frame < cut {
                    end = min(end, cut)
                }
                if owner == nil || !excepted.contains(frame) {
                    moves.appendMerging(Move(from: .byte(byte), to: FrameRange(frame, end)))
                }
                frame = end
            }
        }
    }

    /// Pages for the moves that there are, and for the fills with poison, of which a part of the
    /// list may lie in the middle.
    private mutating func takeListPages(from spare: inout SparePages) throws(PlacementError) {
        var taken: UInt64 = 0
        var moreMoves = destinations.poison.ranges.count
        while true {
            let needed = MoveList.pageCount(moves: moves.count + moreMoves)
            if taken >= needed { return }
            guard let (run, use) = spare.take(needed - taken) else {
                throw .tooFewPages(missing: needed - taken)
            }
            taken += run.frames.count
            switch use {
            case .filledLater(let byte):
                listPages.append(MoveList.Pages(run: run, fill: byte))
                if byte == 0 { zeroFillPageCount += run.frames.count } else { moreMoves += 1 }
            default: listPages.append(MoveList.Pages(run: run, fill: 0))
            }
        }
    }
}

extension [Move] {
    fileprivate func filledPageCount(with byte: UInt8) -> UInt64 {
        reduce(0) { $0 + ($1.source == .byte(byte) ? $1.destination.count : 0) }
    }
}

extension Placement.Extent {
    fileprivate init(_ pages: IndexedRun, firstSlot: Int) {
        self.init(
            firstStreamIndex: pages.firstIndex, firstSlot: firstSlot,
            pageCount: Int(pages.frames.count))
    }
}
