// SPDX-License-Identifier: GPL-2.0-or-later

import Testing
import Threads

@Suite struct AlarmTests {
    private let rings = Monitor(0)

    private func alarm() throws -> Alarm {
        let alarm = Alarm { [rings] in rings.change { $0 += 1 } }
        return try #require(alarm)
    }

    private func expectRings(_ count: Int) {
        #expect(rings.wait(milliseconds: 10_000) { $0 == count ? true : nil } == true)
    }

    @Test func goesOffEachTimeItIsSet() throws {
        let alarm = try alarm()
        alarm.set(milliseconds: 1)
        expectRings(1)
        alarm.set(milliseconds: 1)
        expectRings(2)
    }

    /// Of two alarms the later one was never called off; when it rings, the first would have.
    @Test func doesNotGoOffOnceCalledOff() throws {
        let first = try alarm()
        let silent = Monitor(0)
        let second = Alarm { silent.change { $0 += 1 } }
        try #require(second != nil)
        second?.set(milliseconds: 50)
        second?.cancel()
        first.set(milliseconds: 200)
        expectRings(1)
        #expect(silent.wait { $0 } == 0)
    }

    /// The same of one that is set anew again and again, to the same time.
    @Test func isPutOffWhenItIsSetAnew() throws {
        let first = try alarm()
        let silent = Monitor(0)
        let second = Alarm { silent.change { $0 += 1 } }
        try #require(second != nil)
        for count in 1...20 {
            second?.set(milliseconds: 2000)
            first.set(milliseconds: 200)
            expectRings(count)
        }
        #expect(silent.wait { $0 } == 0)
    }

    @Test(.timeLimit(.minutes(1))) func nobodyWaitsForOneThatIsGone() throws {
        let alarm = try alarm()
        alarm.set(milliseconds: 3_600_000)
    }
}
