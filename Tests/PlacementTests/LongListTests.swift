// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import PhysicalMemory
import TestSupport
import Testing

@testable import Placement

/// Images whose moves would find no room below 4 GiB.
@Suite struct LongListTests {
    /// In GiB and pages. A debug build takes a 64th of it all.
    @Test(arguments: [(image: 64, meanRun: 8), (image: 20, meanRun: 1)])
    func fragmentedImageIsPlaced(image size: UInt64, meanRun: UInt64) throws {
        #if DEBUG
            let pages = (size << 30) / 4096 / 64
        #else
            let pages = (size << 30) / 4096
        #endif
        var random = SplitMix(state: size)
        // Data and what is left out take turns.
        var data: [FrameRange] = []
        var frame = PageFrame(0x8000)
        let first = frame
        var wanted: UInt64 = 0
        while wanted < pages {
            let run = FrameRange(
                frame, count: meanRun == 1 ? 1 : .random(in: 1..<2 * meanRun, using: &random))
            data.append(run)
            wanted += run.count
            frame = run.upper + (meanRun == 1 ? 1 : .random(in: 1..<2 * meanRun, using: &random))
        }
        let ram = FrameSet([FrameRange(PageFrame(1), frame)])
        // Where the saver was: no more room than for code and page tables, of which 1 TiB has 1026.
        let free = FrameSet([FrameRange(PageFrame(0x7000), count: 1100)])
        let destinations = try DestinationMap(data: data, zero: [], ram: ram, free: free)
        let tables = IdentityMap(mapping: ram)

        // Owned: huge pages in any order, from all of memory, as many as are asked for.
        var huge = Array(stride(from: first.rawValue, to: frame.rawValue - 512, by: 512))
        huge.shuffle(using: &random)
        var owned: [IndexedRun] = []
        var missing = wanted
        var placement: Placement?
        while placement == nil {
            for _ in 0..<(missing + 511) / 512 {
                let popped = huge.popLast()
                let lower = try #require(popped)
                owned.append(
                    IndexedRun(
                        FrameRange(PageFrame(lower), count: 512), firstIndex: owned.count * 512))
            }
            do {
                placement = try Placement(
                    destinations, owned: owned, tables: tables, handoffLimit: PageFrame(1 << 20))
            } catch PlacementError.tooFewPages(let more) { missing = more }
        }
        let plan = try #require(placement)
        #expect(plan.list.moves.count > data.count / 3)
        #expect(plan.list.pageCount == MoveList.pageCount(moves: plan.list.moves.count))

        let image = (0..<wanted).map { 0x1111_0000 + $0 }
        var memory = SimulatedMemory(
            plan, owned: owned, frameCount: Int(frame.rawValue), image: image)
        let executed = memory.execute(from: plan.handoff.listAddress)
        #expect(executed)
        var next = 0
        var wrong = 0
        for run in data {
            for frame in Int(run.lower.rawValue)..<Int(run.upper.rawValue) {
                if memory.pages[frame] != image[next] { wrong += 1 }
                next += 1
            }
        }
        #expect(wrong == 0)
    }
}
