// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Testing

/// Shorthand: `set(1..<3, 5..<9)`.
private func set(_ ranges: Range<UInt64>...) -> FrameSet {
    FrameSet(ranges.map { FrameRange(PageFrame($0.lowerBound), PageFrame($0.upperBound)) })
}

@Suite struct FrameSetTests {
    @Test func rangesAreSortedAndMerged() {
        #expect(set(5..<9, 1..<3, 3..<4, 8..<12, 20..<20).ranges == set(1..<4, 5..<12).ranges)
        #expect(set(5..<9, 1..<3).count == 6)
    }

    @Test(arguments: [
        (set(0..<10), set(), set(0..<10)),
        (set(0..<10), set(0..<10), set()),
        (set(0..<10), set(3..<5), set(0..<3, 5..<10)),
        (set(0..<10, 20..<30), set(5..<25), set(0..<5, 25..<30)),
        (set(0..<10, 20..<30), set(9..<10, 20..<21, 29..<40), set(0..<9, 21..<29)),
        (set(5..<6), set(0..<10), set()),
    ])
    func subtraction(a: FrameSet, b: FrameSet, expected: FrameSet) {
        #expect(a.subtracting(b) == expected)
    }

    @Test(arguments: [
        (set(0..<10), set(5..<15), set(5..<10)),
        (set(0..<10, 20..<30), set(9..<21), set(9..<10, 20..<21)),
        (set(0..<10), set(10..<20), set()),
    ])
    func intersection(a: FrameSet, b: FrameSet, expected: FrameSet) {
        #expect(a.intersection(b) == expected)
        #expect(b.intersection(a) == expected)
    }

    @Test func membership() {
        let frames = set(2..<4, 8..<10)
        #expect(frames.contains(PageFrame(2)) && frames.contains(PageFrame(9)))
        for outside in [0, 1, 4, 7, 10] { #expect(!frames.contains(PageFrame(UInt64(outside)))) }
        #expect(frames.contains(FrameRange(PageFrame(8), PageFrame(10))))
        #expect(!frames.contains(FrameRange(PageFrame(3), PageFrame(9))))
    }

    /// The operations against the same done frame by frame.
    @Test func algebraAgreesWithPlainSets() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let draw = { (random: inout SystemRandomNumberGenerator) -> FrameSet in
                FrameSet(
                    (0..<Int.random(in: 0..<8, using: &random)).map { _ in
                        FrameRange(
                            PageFrame(.random(in: 0..<60, using: &random)),
                            count: .random(in: 0..<12, using: &random))
                    })
            }
            let a = draw(&random)
            let b = draw(&random)
            let plain = { (s: FrameSet) in
                Set(s.ranges.flatMap { $0.lower.rawValue..<$0.upper.rawValue })
            }
            #expect(plain(a.union(b)) == plain(a).union(plain(b)))
            #expect(plain(a.subtracting(b)) == plain(a).subtracting(plain(b)))
            #expect(plain(a.intersection(b)) == plain(a).intersection(plain(b)))
            for result in [a.union(b), a.subtracting(b), a.intersection(b)] {
                #expect(FrameSet(result.ranges).ranges == result.ranges, "not in canonical form")
            }
        }
    }
}
