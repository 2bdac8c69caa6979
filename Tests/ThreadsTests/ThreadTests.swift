// SPDX-License-Identifier: GPL-2.0-or-later

import Synchronization
import Testing

@testable import Threads

/// Threads that wait for one another. Each test would never end where they did not.
@Suite struct ThreadTests {
    private struct Failure: Error {}

    /// The numbers are given to the threads so that most have to wait.
    @Test(.timeLimit(.minutes(1))) func turnsAreInOrder() throws {
        let sequencer = Sequencer([Int]())
        try Parallel.run(8) { thread in
            for number in stride(from: 7 - thread, to: 800, by: 8) {
                _ = try sequencer.perform(number) { $0.append(number) }
            }
        }
        #expect(try sequencer.perform(800) { $0 } == Array(0..<800))
    }

    /// Whether the others wait already when one fails, is chance: so often enough.
    @Test(.timeLimit(.minutes(1)), arguments: 0..<50)
    func nobodyWaitsForATurnThatFailed(_: Int) throws {
        let sequencer = Sequencer(0)
        let missed = Atomic<Int>(0)
        let counter = Counter(missed)
        #expect(throws: Failure.self) {
            try Parallel.run(4) { number in
                let hadTurn = try sequencer.perform(number) { _ in
                    if number == 1 { throw Failure() }
                    return true
                }
                if hadTurn == nil { counter.value.add(1, ordering: .relaxed) }
            }
        }
        #expect(counter.value.load(ordering: .relaxed) == 2)
    }

    @Test(.timeLimit(.minutes(1))) func turnsCalledOff() throws {
        let sequencer = Sequencer(0)
        let late = Future { try sequencer.perform(5) { _ in true } }
        sequencer.cancel()
        #expect(try late.value() == nil)
    }

    @Test(.timeLimit(.minutes(1))) func resultsCome() throws {
        let first = Future { 6 }
        let second = Future { try first.value() * 7 }
        #expect(try second.value() == 42)
        #expect(try second.value() == 42)
        let failed = Future { () throws -> Int in throw Failure() }
        #expect(throws: Failure.self) { try failed.value() }
        #expect(throws: Failure.self) { try failed.value() }
    }

    /// Who is no longer interested waits all the same: the work may use what is his.
    @Test(.timeLimit(.minutes(1))) func workIsNotLeftBehind() {
        let counter = Counter(Atomic(0))
        var background: Future<Void>? = Future {
            for _ in 0..<1000 { counter.value.add(1, ordering: .relaxed) }
        }
        withExtendedLifetime(background) {}
        background = nil
        #expect(counter.value.load(ordering: .relaxed) == 1000)
    }

    @Test(.timeLimit(.minutes(1))) func aWaitHasALimit() {
        let monitor = Monitor(0)
        #expect(monitor.wait(milliseconds: 20) { $0 > 0 ? $0 : nil } == nil)
        let late = Future { monitor.change { $0 = 7 } }
        #expect(monitor.wait(milliseconds: 50_000) { $0 > 0 ? $0 : nil } == 7)
        withExtendedLifetime(late) {}
    }

    /// The work ends only after it was looked at.
    @Test(.timeLimit(.minutes(1))) func whoWaitsLooksMeanwhile() throws {
        let cancellation = Cancellation()
        let work = Future {
            while !cancellation.isCancelled {
                _ = Monitor(0).wait(milliseconds: 1) { _ in nil as Int? }
            }
            return 1
        }
        #expect(throws: Failure.self) {
            try work.value {
                cancellation.cancel()
                throw Failure()
            }
        }
        #expect(try work.value {} == 1)
    }

    private final class Counter: Sendable {
        let value: Atomic<Int>
        init(_ value: consuming Atomic<Int>) { self.value = value }
    }
}
