// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Pinned memory, cut by what it can be used for.
struct OwnedParts: Sequence, IteratorProtocol {
    enum Use: Equatable {
        /// It takes what belongs there: this page of the image's data and those after it.
        case inPlace(firstPage: Int)
        /// Nothing belongs there.
        case clean
        /// It is filled with this byte in the end, and holds what it is given until then.
        case filledLater(UInt8)
        /// The hand-off block lies there, or the hand-off cannot reach it.
        case none
    }

    private let owned: [IndexedRun]
    private let block: FrameRange
    private var data: RangeWalk<IndexedRun>
    private var zero: RangeWalk<FrameRange>
    private var poison: RangeWalk<FrameRange>
    private var ram: RangeWalk<FrameRange>
    private var index = 0
    private var frame: PageFrame

    /// - Parameter owned: ascends.
    init(_ owned: [IndexedRun], _ destinations: DestinationMap, avoiding block: FrameRange) {
        self.owned = owned
        self.block = block
        data = RangeWalk(destinations.data)
        zero = RangeWalk(destinations.zero.ranges)
        poison = RangeWalk(destinations.poison.ranges)
        ram = RangeWalk(destinations.ram.ranges)
        frame = owned.first?.frames.lower ?? PageFrame(0)
    }

    mutating func next() -> (run: IndexedRun, use: Use)? {
        guard index < owned.count else { return nil }
        let run = owned[index]
        let (use, end) = use(of: frame)
        let part = FrameRange(frame, Swift.min(end, run.frames.upper))
        if part.upper == run.frames.upper {
            index += 1
            if index < owned.count { frame = owned[index].frames.lower }
        } else {
            frame = part.upper
        }
        return (run.clipped(to: part), use)
    }

    /// And up to where.
    private mutating func use(of frame: PageFrame) -> (Use, end: PageFrame) {
        let (run, dataEnd) = data.step(to: frame)
        if let run {
            let skipped = Int(frame.rawValue - run.frames.lower.rawValue)
            return (.inPlace(firstPage: run.firstIndex + skipped), dataEnd)
        }
        let (zeroes, zeroEnd) = zero.step(to: frame)
        let (poisoned, poisonEnd) = poison.step(to: frame)
        let (reached, ramEnd) = ram.step(to: frame)
        var end = Swift.min(dataEnd, zeroEnd, poisonEnd, ramEnd)
        if block.contains(frame) { return (.none, Swift.min(end, block.upper)) }
        if frame < block.lower { end = Swift.min(end, block.lower) }
        if zeroes != nil { return (.filledLater(0), end) }
        if poisoned != nil { return (.filledLater(DestinationMap.poisonByte), end) }
        return (reached == nil ? .none : .clean, end)
    }
}
