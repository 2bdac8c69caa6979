// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// What an image asks of memory: which frames must hold which pages when its kernel is entered.
package struct DestinationMap: Sendable {
    /// The frames that have contents, ascending, each with its stream index.
    let data: [IndexedRun]
    let dataFrames: FrameSet
    /// The frames that must be zero.
    let zero: FrameSet
    /// The frames whose bytes must all be `poisonByte`.
    let poison: FrameSet
    /// All RAM, by the firmware's memory map. What else a kernel may have (memory that was added
    /// later) is not mapped while the hand-off runs.
    let ram: FrameSet
    /// Frames whose contents the image's kernel does not mind losing: there the hand-off may lie.
    let free: FrameSet

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
            runs.append(IndexedRun(frames, firstIndex: index))
            index += Int(frames.count)
        }
        runs.sort { $0.frames.lower < $1.frames.lower }
        self.data = runs
        self.dataFrames = FrameSet(data)
        self.zero = FrameSet(zero)
        self.ram = ram
        self.poison = FrameSet(poison)
        let destinations = dataFrames.union(self.zero).union(self.poison)
        self.free = free.intersection(ram).subtracting(destinations)

        // A set merges what overlaps, so a frame named twice shows as a smaller count.
        let named = (data + zero + poison).filter { !$0.isEmpty }.sorted { $0.lower < $1.lower }
        for (frames, next) in zip(named, named.dropFirst()) where frames.overlaps(next) {
            throw .twice(next.lower)
        }
        if let outside = destinations.subtracting(ram).ranges.first {
            throw .outsideRAM(outside)
        }
    }

    /// How many runs of frames the image names.
    package var runCount: Int { data.count + zero.ranges.count + poison.ranges.count }

    /// How many pages have contents.
    package var dataPageCount: UInt64 { dataFrames.count }

    /// How many pages are zero.
    package var zeroPageCount: UInt64 { zero.count }
}
