// SPDX-License-Identifier: GPL-2.0-or-later

import Synchronization
import Testing

@testable import Transfer

@Suite struct ProgressTests {
    /// Moves on by a second each time it is looked at.
    private final class Clock: Sendable {
        private let seconds = Atomic<UInt64>(0)
        func now() -> UInt64 {
            seconds.wrappingAdd(1, ordering: .relaxed).newValue * 1_000_000_000
        }
    }

    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    /// The first blocks of a stock image hold frame lists, and a slow machine takes seconds to them.
    @Test func nothingDoneAfterSecondsIsNoSpeed() {
        let clock = Clock()
        let lines = Lines()
        let progress = Progress(
            "reading", total: 8 << 20, { line in lines.all.withLock { $0.append(line) } },
            clock: { clock.now() })
        progress.advance(by: 0)
        progress.advance(by: 0)
        #expect(lines.all.withLock { $0 }.isEmpty)
        progress.advance(by: 2 << 20)
        #expect(lines.all.withLock { $0 } == ["reading 25 %, 0 MiB/s, 9 s left"])
        progress.advance(by: 6 << 20)
        #expect(lines.all.withLock { $0.count } == 1)
        #expect(progress.summary == "8 MiB in 5.0 s, 1 MiB/s")
    }
}
