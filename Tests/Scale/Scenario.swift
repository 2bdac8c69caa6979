// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Foundation
import LinuxPlatform
import PhysicalMemory
import Placement
import TestSupport
import Threads
import Transfer

/// A machine whose memory is three quarters full, and a restore kernel that has all of it but some megabytes here
/// and there. Frames and slots only: no page is touched.
struct Scenario {
    /// The image's data.
    let gibibytes: UInt64
    /// How many of the image's pages have consecutive frames, on average.
    let runPages: UInt64

    /// How many pages of the restore kernel's free memory have consecutive frames, on average.
    private static let ownedRunPages: UInt64 = 512
    /// `ImageMemory` pins in as many steps.
    private static let steps = 64
    /// Threads that take what is known.
    private static let loaders = 4

    /// What a restore has to do with.
    struct Made {
        var firmware: FrameSet
        var data: [FrameRange]
        /// In the order in which it is pinned.
        var pinned: [IndexedRun]
        var slots: Int
    }

    func make() -> Made {
        var random = SplitMix(state: gibibytes << 32 | runPages)
        let pages = gibibytes << 18
        let firmware = FrameSet([
            FrameRange(PageFrame(1), PageFrame(0x9f)),
            FrameRange(PageFrame(0x100), PageFrame(0xc_0000)),
            FrameRange(PageFrame(0x10_0000), PageFrame(0x14_0000 + pages / 3 * 4)),
        ])
        // The hand-off wants some frames in a row that are nobody's.
        let usual = firmware.subtracting(FrameRange(PageFrame(0x8000), PageFrame(0x9000)))
        let data = Self.runs(of: runPages, taking: 0.75, from: usual, upTo: pages, &random)
        let owned = Self.runs(
            of: Self.ownedRunPages, taking: 0.97, from: usual, upTo: .max, &random)

        // Slots are given out in no order of frames.
        var slot = 0
        let needed =
            data.reduce(0) { $0 + $1.count }
            + MoveList.pageCount(moves: data.count + 2 * owned.count)
        var pinned: [IndexedRun] = []
        for frames in owned.shuffled(using: &random) where UInt64(slot) < needed + 1024 {
            pinned.append(IndexedRun(frames, firstIndex: slot))
            slot += Int(frames.count)
        }
        return Made(firmware: firmware, data: data, pinned: pinned, slots: slot)
    }

    /// What loaders take at a time.
    static func parts(of destinations: DestinationMap) -> [Range<Int>] {
        stride(from: 0, to: Int(destinations.dataPageCount), by: 256).map {
            $0..<min($0 + 256, Int(destinations.dataPageCount))
        }
    }

    /// What is pinned in each step.
    static func steps(of pinned: [IndexedRun]) -> [[IndexedRun]] {
        let step = pinned.count / steps + 1
        return stride(from: 0, to: pinned.count, by: step).map {
            Array(pinned[$0..<min($0 + step, pinned.count)])
        }
    }

    func measure() throws -> Row {
        let made = make()
        let firmware = made.firmware
        let baseline = Stopwatch.peakMemory
        var clock = Stopwatch()
        let destinations = try DestinationMap(
            data: made.data, zero: [], ram: firmware, free: firmware)
        let demand = clock.lap()

        let memory = NoMemory(pageCount: made.slots)
        let places = PagePlaces()
        let parts = Self.parts(of: destinations)
        let queue = LoadQueue(parts, places)
        clock.start()
        let loaders = (0..<Self.loaders).map { _ in
            Future { try queue.takeEach { _ = try places.places(of: parts[$0]) } }
        }
        var inPlace = PagesInPlace(destinations)
        for new in Self.steps(of: made.pinned) {
            inPlace.add(new)
            places.update(inPlace, in: memory)
        }
        let steps = clock.lap()

        clock.start()
        let placement = try Placement(
            destinations, owned: made.pinned, tables: IdentityMap(mapping: firmware),
            handoffLimit: PageFrame(1 << 20))
        places.complete(placement.extents, in: memory)
        for loader in loaders { try loader.value() }
        let plan = clock.lap()
        return Row(
            gibibytes: gibibytes, runPages: runPages, runs: destinations.runCount,
            moves: placement.list.moves.count, demand: demand, steps: steps, plan: plan,
            peak: Stopwatch.peakMemory, baseline: baseline)
    }

    /// Random runs, ascending.
    private static func runs(
        of mean: UInt64, taking share: Double, from all: FrameSet, upTo limit: UInt64,
        _ random: inout SplitMix
    ) -> [FrameRange] {
        var runs: [FrameRange] = []
        var left = limit
        let meanGap = max(1, UInt64(Double(mean) * (1 - share) / share))
        for range in all.ranges {
            var frame = range.lower
            while frame < range.upper, left > 0 {
                let length = min(
                    UInt64.random(in: 1...(2 * mean - 1), using: &random),
                    range.upper.rawValue - frame.rawValue, left)
                runs.append(FrameRange(frame, count: length))
                left -= length
                frame = frame + length
                frame = min(
                    frame + UInt64.random(in: 1...(2 * meanGap), using: &random), range.upper)
            }
        }
        return runs
    }
}

/// Slots without memory.
private final class NoMemory: PinnedPages {
    let pageCount: Int
    let pinFailure: PlatformError? = nil

    init(pageCount: Int) { self.pageCount = pageCount }

    func address(ofSlot slot: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(bitPattern: 1 << 40 + slot << 12)!
    }
    func grow(byPages pages: Int, unless cancellation: Cancellation) throws {}
    func runs(fromSlot first: Int) throws(PlatformError) -> [IndexedRun] { [] }
    func movedPages(since runs: [IndexedRun]) throws(PlatformError) -> Int { 0 }
}
