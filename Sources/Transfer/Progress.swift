// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import Synchronization

/// Tells how far a long transfer is: percent, speed, time left. Plain lines, for a serial console
/// shows them as well as a screen; one a second at most.
package final class Progress: Sendable {
    private struct State {
        var done: UInt64 = 0
        var lastLine: UInt64
    }

    private let verb: String
    private let total: UInt64
    private let note: @Sendable (String) -> Void
    private let clock: @Sendable () -> UInt64
    private let start: UInt64
    private let state: Mutex<State>

    /// - Parameters:
    ///   - verb: begins the line, such as "reading".
    ///   - total: in bytes.
    ///   - note: takes a line for the user.
    ///   - clock: in nanoseconds.
    package init(
        _ verb: String, total: UInt64, _ note: @escaping @Sendable (String) -> Void,
        clock: @escaping @Sendable () -> UInt64 = Uptime.nanoseconds
    ) {
        self.verb = verb
        self.total = total
        self.note = note
        self.clock = clock
        start = clock()
        state = Mutex(State(lastLine: start))
    }

    /// From any thread. `bytes` more are done.
    package func advance(by bytes: UInt64) {
        let line: String? = state.withLock { state in
            state.done += bytes
            // In here, or another thread's last line might be later.
            let now = clock()
            // Of nothing, no speed can be told: what comes first may be no data.
            guard now - state.lastLine >= 1_000_000_000, 0 < state.done, state.done < total
            else { return nil }
            state.lastLine = now
            let elapsed = now - start
            let percent = state.done * 100 / max(total, 1)
            let left = Double(elapsed) / Double(state.done) * Double(total - state.done) / 1e9
            let speed = Self.speed(state.done, elapsed)
            return "\(verb) \(percent) %, \(speed), \(Int(left.rounded(.up))) s left"
        }
        if let line { note(line) }
    }

    /// "640 MiB in 2.4 s, 266 MiB/s".
    package var summary: String {
        let elapsed = clock() - start
        let done = state.withLock { $0.done }
        let tenths = elapsed / 100_000_000
        return "\(mebibytes(done)) in \(tenths / 10).\(tenths % 10) s, \(Self.speed(done, elapsed))"
    }

    private static func speed(_ bytes: UInt64, _ nanoseconds: UInt64) -> String {
        let perSecond = Double(bytes) / (Double(max(nanoseconds, 1)) / 1e9)
        return "\(Int(perSecond / Double(1 << 20))) MiB/s"
    }
}
