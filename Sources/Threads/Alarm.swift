// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// Does something where it is not called off in time, whatever else hangs.
package final class Alarm: Sendable {
    private struct State {
        /// Nil: it is not set.
        var milliseconds: Int?
        /// How often it was set or called off.
        var changes = 0
        var isOver = false
    }

    private let state: Monitor<State>
    private let thread: pthread_t

    /// Nil where the system has no thread to give. When the alarm goes off none is needed any more.
    ///
    /// - Parameter action: runs on that thread.
    package init?(_ action: @escaping @Sendable () -> Void) {
        let state = Monitor(State())
        let thread = Parallel.start {
            while true {
                let set: (limit: Int, changes: Int)? = state.wait { state in
                    if state.isOver { return .some(nil) }
                    return state.milliseconds.map { .some(($0, state.changes)) }
                }
                guard let (limit, changes) = set else { return }
                let isOff: Void? = state.wait(milliseconds: limit) {
                    $0.isOver || $0.changes != changes ? () : nil
                }
                if isOff == nil {
                    state.change { if $0.changes == changes { $0.milliseconds = nil } }
                    action()
                }
            }
        }
        guard let thread else { return nil }
        self.state = state
        self.thread = thread
    }

    deinit {
        state.change { $0.isOver = true }
        pthread_join(thread, nil)
    }

    /// It goes off when so much time has passed, unless it is set anew or ``cancel()`` comes first.
    package func set(milliseconds: Int) { change(to: milliseconds) }

    package func cancel() { change(to: nil) }

    private func change(to milliseconds: Int?) {
        state.change {
            $0.milliseconds = milliseconds
            $0.changes += 1
        }
    }
}
