// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// What an image asks of memory: which frames must hold which pages when its kernel is entered.
package struct DestinationMap: Sendable {
    /// The frames that have contents, ascending, each with its stream index.
    let data: [IndexedRun]
    /// The frames that must be zero.
    let zero: FrameSet
    /// The frames whose bytes must all be `poisonByte`.
    let poison: FrameSet
    /// All RAM, by the firmware's memory map. What else a kernel may have (memory that was added
    /// later) is not mapped while the hand-off runs.
    let ram: FrameSet
    /// Frames whose contents the image's kernel does not mind losing, but for destinations.
    private let free: FrameSet

    /// How many pages have contents.
    package let dataPageCount: UInt64

    /// `PAGE_POISON`, include/linux/poison.h, Linux 6.12.
    static let poisonByte: UInt8 = 0xaa

    /// - Parameters:
    ///   - data: destination frames in the order of the image's data pages.
    ///   - ram: all RAM, by the firmware's memory map.
    ///   - free: what the image's kernel does not mind losing; only what is RAM and no
    ///     destination is taken of it.
    /// - Throws: ``PlacementError/outsideRAM(_:)`` and ``PlacementError/twice(_:)``.
    package init(
        data: [FrameRange], zero: [FrameRange], poison: [FrameRange] = [], ram: FrameSet,
        free: FrameSet
    ) throws(PlacementError) {
        var index = 0
        var runs: [IndexedRun] = []
        runs.reserveCapacity(data.count)
        for frames in data where !frames.isEmpty {
            // No run has numbers for more.
            guard frames.upper <= .limit else {
                throw .outsideRAM(FrameRange(max(frames.lower, .limit), frames.upper))
            }
            // More pages than there are frames: some frame is wanted twice, and found below.
            if index > PageFrame.limit.rawValue { break }
            runs.append(IndexedRun(frames, firstIndex: index))
            index += Int(frames.count)
        }
        runs.sort { $0.frames.lower < $1.frames.lower }
        self.data = runs
        dataPageCount = UInt64(index)
        self.zero = FrameSet(zero)
        self.poison = FrameSet(poison)
        self.ram = ram
        self.free = free.intersection(ram)

        if let frame = runs.firstTwice ?? self.zero.firstTwice(of: zero)
            ?? self.poison.firstTwice(of: poison)
            ?? runs.firstShared(with: self.zero.ranges)
            ?? runs.firstShared(with: self.poison.ranges)
            ?? self.zero.ranges.firstShared(with: self.poison.ranges)
        {
            throw .twice(frame)
        }
        if let outside = runs.firstOutside(ram) ?? self.zero.ranges.firstOutside(ram)
            ?? self.poison.ranges.firstOutside(ram)
        {
            throw .outsideRAM(outside)
        }
    }

    /// How many runs of frames the image names.
    package var runCount: Int { data.count + zero.ranges.count + poison.ranges.count }

    /// How many pages are zero.
    package var zeroPageCount: UInt64 { zero.count }

    /// Frames below `limit` that may be lost.
    func free(below limit: PageFrame) -> FrameSet {
        let low = FrameRange(PageFrame(0), limit)
        return free.intersection(low)
            .subtracting(FrameSet(data.prefix { $0.frames.lower < limit }.map(\.frames)))
            .subtracting(zero.intersection(low)).subtracting(poison.intersection(low))
    }

}

extension FrameSet {
    /// The first frame that is named twice in `ranges`, of which this is the union.
    fileprivate func firstTwice(of ranges: [FrameRange]) -> PageFrame? {
        if ranges.reduce(0, { $0 + $1.count }) == count { return nil }
        return ranges.filter { !$0.isEmpty }.sorted { $0.lower < $1.lower }.firstTwice
    }
}

/// Of ranges that ascend.
extension Array where Element: HasFrames {
    fileprivate var firstTwice: PageFrame? {
        for index in indices.dropFirst()
        where self[index].frames.lower < self[index - 1].frames.upper {
            return self[index].frames.lower
        }
        return nil
    }

    fileprivate func firstShared(with others: [some HasFrames]) -> PageFrame? {
        var walk = RangeWalk(others)
        for element in self {
            let (other, end) = walk.step(to: element.frames.lower)
            if other != nil { return element.frames.lower }
            if end < element.frames.upper { return end }
        }
        return nil
    }

    fileprivate func firstOutside(_ ram: FrameSet) -> FrameRange? {
        for element in self where !ram.contains(element.frames) {
            return FrameSet([element.frames]).subtracting(ram).ranges.first
        }
        return nil
    }
}
