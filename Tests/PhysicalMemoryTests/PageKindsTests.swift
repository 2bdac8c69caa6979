// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import TestSupport
import Testing

private func range(_ range: Range<UInt64>) -> FrameRange {
    FrameRange(PageFrame(range.lowerBound), PageFrame(range.upperBound))
}

@Suite struct FrameBitsTests {
    /// Words' bounds are in all of these.
    private static let memory = [range(3..<67), range(67..<70), range(100..<300)]

    @Test func fullAndEmpty() {
        let full = FrameBits(within: Self.memory, isFull: true)
        #expect(full.count == 267 && Array(full.ranges) == Self.memory)
        let empty = FrameBits(within: Self.memory)
        #expect(empty.count == 0 && Array(empty.ranges) == [])
        #expect(Array(FrameBits(within: [], isFull: true).ranges) == [])
    }

    @Test func whatIsOutsideIsPassedOver() {
        var bits = FrameBits(within: Self.memory)
        bits.insert(range(0..<4))
        bits.insert(range(66..<120))
        bits.insert(range(299..<1000))
        bits.insert(range(80..<90))
        #expect(
            Array(bits.ranges) == [
                range(3..<4), range(66..<67), range(67..<70), range(100..<120), range(299..<300),
            ])
        bits.remove(range(68..<299))
        #expect(
            Array(bits.ranges) == [
                range(3..<4), range(66..<67), range(67..<68), range(299..<300),
            ])
        #expect(
            bits.intersection(FrameSet([range(0..<68), range(298..<500)])).ranges
                == [range(3..<4), range(66..<68), range(299..<300)])
        #expect(bits.intersection(FrameSet([range(70..<100), range(500..<600)])).isEmpty)
    }

    @Test func asASetWouldHaveIt() {
        var random = SplitMix(state: 7)
        for _ in 0..<50 {
            var bits = FrameBits(within: Self.memory)
            var set = FrameSet()
            for _ in 0..<20 {
                let lower = UInt64.random(in: 0..<310, using: &random)
                let frames = range(lower..<lower + UInt64.random(in: 0..<90, using: &random))
                if Bool.random(using: &random) {
                    bits.insert(frames)
                    set = set.union(FrameSet([frames]).intersection(FrameSet(Self.memory)))
                } else {
                    bits.remove(frames)
                    set = set.subtracting(frames)
                }
            }
            #expect(FrameSet(bits.ranges) == set && bits.count == set.count)
        }
    }
}

@Suite struct PageKindsTests {
    private static let memory = [range(3..<67), range(67..<70), range(100..<300)]

    private static func run(
        _ frames: Range<UInt64>, _ kind: PageRun.Kind = .data
    ) -> PageRun {
        PageRun(first: PageFrame(frames.lowerBound), count: UInt32(frames.count), kind: kind)
    }

    @Test func neighboursOfOneKindAreOneRun() {
        var pages = PageKinds(Self.memory)
        #expect(pages.pageCount == 267)
        #expect(Array(pages.runs) == [Self.run(3..<67), Self.run(67..<70), Self.run(100..<300)])
        pages.leaveOut(range(60..<110))
        for run in [
            Self.run(10..<20, .zero), Self.run(20..<30, .poison), Self.run(30..<40, .zero),
            Self.run(40..<50, .zero), Self.run(40..<41), Self.run(41..<44, .poison),
            Self.run(299..<300, .zero),
        ] { pages.set(run) }
        #expect(
            Array(pages.runs) == [
                Self.run(3..<10), Self.run(10..<20, .zero), Self.run(20..<30, .poison),
                Self.run(30..<40, .zero), Self.run(40..<41), Self.run(41..<44, .poison),
                Self.run(44..<50, .zero), Self.run(50..<60), Self.run(110..<299),
                Self.run(299..<300, .zero),
            ])
        #expect(pages.pageCount == 57 + 190)
    }

    @Test func cutsAreNearAndSmall() {
        var pages = PageKinds([range(0..<100), range(1000..<3000), range(3000..<3010)])
        for frame in stride(from: UInt64(1000), to: 1400, by: 2) {
            pages.leaveOut(range(frame..<frame + 1))
        }
        pages.leaveOut(range(1500..<2900))
        var cutter = PageKinds.Cutter()
        var parts: [[FrameRange]] = []
        while let part = pages.cut(&cutter, limit: 64) { parts.append(part) }
        #expect(parts.allSatisfy { $0.reduce(0) { $0 + $1.count } <= 64 })
        #expect(
            parts.allSatisfy { $0[$0.count - 1].upper.rawValue - $0[0].lower.rawValue <= 4 * 64 })
        #expect(parts.prefix(2) == [[range(0..<64)], [range(64..<100)]])
        // In the order of the memory, nothing twice and nothing missing.
        #expect(FrameSet(parts.joined()) == FrameSet(pages.runs.map(\.frames)))
        #expect(parts.joined().reduce(0) { $0 + $1.count } == pages.pageCount)
        // None reaches over the memory's bounds, or over what is left out far enough.
        #expect(
            parts.suffix(3) == [[range(2900..<2964)], [range(2964..<3000)], [range(3000..<3010)]])
    }

    @Test func gapsAreFilled() {
        var pages = PageKinds([range(0..<100), range(100..<200)])
        for gap in [0..<2, 10..<11, 20..<22, 30..<33, 98..<100, 100..<101, 199..<200] {
            pages.leaveOut(range(UInt64(gap.lowerBound)..<UInt64(gap.upperBound)))
        }
        pages.set(Self.run(12..<20, .zero))
        pages.fillGaps(below: 3)
        #expect(
            Array(pages.runs) == [
                Self.run(2..<12), Self.run(12..<20, .zero), Self.run(20..<30), Self.run(33..<98),
                Self.run(101..<199),
            ])
    }

    @Test func asAnArrayWouldHaveIt() {
        var random = SplitMix(state: 9)
        var pages = PageKinds([range(5..<1000)])
        var array = [PageRun.Kind?](repeating: .data, count: 1000)
        for frame in 0..<5 { array[frame] = nil }
        for _ in 0..<200 {
            let lower = Int.random(in: 5..<1000, using: &random)
            let upper = min(lower + Int.random(in: 1..<70, using: &random), 1000)
            let frames = UInt64(lower)..<UInt64(upper)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                pages.leaveOut(range(frames))
                for frame in lower..<upper { array[frame] = nil }
            case let number:
                let kind: PageRun.Kind = [.data, .zero, .poison][number - 1]
                pages.set(Self.run(frames, kind))
                for frame in lower..<upper { array[frame] = kind }
            }
        }
        var found = [PageRun.Kind?](repeating: nil, count: 1000)
        for run in pages.runs {
            for frame in run.frames.lower.rawValue..<run.frames.upper.rawValue {
                found[Int(frame)] = run.kind
            }
        }
        let isSame = found == array
        #expect(isSame)
        let changes = zip(array, array.dropFirst()).count { $0 != $1 && $1 != nil }
        #expect(Array(pages.runs).count == changes)
    }
}
