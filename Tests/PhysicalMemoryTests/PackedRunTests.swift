// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import TestSupport
import Testing

@Suite struct PackedRunTests {
    @Test func isSmall() {
        #expect(MemoryLayout<PackedRun>.size == 16, "there may be millions")
        #expect(MemoryLayout<IndexedRun>.size == 16)
        #expect(PageFrame.limit.rawValue * 2 < PackedRun.limit, "all places of pages have numbers")
    }

    /// Whatever bits the three have, none gets into another one.
    @Test(arguments: 0..<3) func holdsWhatItIsGiven(seed: UInt64) {
        var random = SplitMix(state: seed)
        let largest = PackedRun.limit - 1
        var values: [UInt64] = [0, 1, largest, 1 << 21, 1 << 22, (1 << 22) - 1, 1 << 41]
        values += (0..<6).map { _ in .random(in: 0...largest, using: &random) }
        for first in values {
            for second in values {
                for count in values {
                    let run = PackedRun(first: first, second: second, count: count)
                    #expect(run.first == first && run.second == second && run.count == count)
                }
            }
        }
    }

    @Test func indexedRunIsClipped() {
        let run = IndexedRun(
            FrameRange(PageFrame(100), PageFrame(200)), firstIndex: 7)
        #expect(run.frames == FrameRange(PageFrame(100), PageFrame(200)) && run.firstIndex == 7)
        let part = FrameRange(PageFrame(150), PageFrame(160))
        #expect(run.clipped(to: part) == IndexedRun(part, firstIndex: 57))
        let last = FrameRange(PageFrame(PageFrame.limit.rawValue - 1), PageFrame.limit)
        #expect(IndexedRun(last, firstIndex: 1 << 41).frames == last)
    }

    @Test func beyondTheLimitIsRefused() async {
        await #expect(processExitsWith: .failure) {
            _ = PackedRun(first: PackedRun.limit, second: 0, count: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = PackedRun(first: 0, second: PackedRun.limit, count: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = PackedRun(first: 0, second: 0, count: PackedRun.limit)
        }
    }
}
