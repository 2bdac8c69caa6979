// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

@testable import machine_bench

@Suite struct StatisticsTests {
    @Test(
        arguments: [
            ([], nil), ([3], 3), ([5, 1, 3], 3), ([4, 1, 3, 2], 2.5), ([1, 1, 100], 1),
        ] as [([Double], Double?)])
    func medians(values: [Double], expected: Double?) {
        #expect(median(values) == expected)
    }

    /// Not the ratio of the medians, which here is 2: a round's two figures belong together.
    @Test func ratiosAreOfTheSameRound() {
        #expect(medianRatio([1: 10, 2: 20, 3: 90], [1: 10, 2: 5, 3: 30]) == 3)
    }

    @Test func roundsOfOneSideDoNotCount() {
        #expect(medianRatio([1: 8, 2: 9], [1: 2, 3: 1]) == 4)
        #expect(medianRatio([1: 8], [2: 2]) == nil)
        #expect(medianRatio([1: 8], [1: 0]) == nil)
    }
}
