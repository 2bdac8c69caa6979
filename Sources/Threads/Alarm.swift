// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// Does something where it is not called off in time, whatever else hangs.
package final class Alarm: Sendable {
    private enum State: Equatable {
        case idle
        case set(milliseconds: Int)
        case over
    }

    private let state: Monitor<State>
    private let thread: pthread_t

    /// Nil where the system has no thread to give. When the alarm goes off none is needed any more.
    ///
    /// - Parameter action: runs on that thread.
    package init?(_ action: @escaping @Sendable () -> Void) {
        let state = Monitor(State.idle)
        let thread = Parallel.start {
            while true {
                let limit: Int? = state.wait { state in
                    switch state {
                    case .idle: nil
                    case .set(let milliseconds): .some(milliseconds)
                    case .over: .some(nil)
                    }
                }
                guard let limit else { return }
                let isOff: Void? = state.wait(milliseconds: limit) {
                    $0 == .set(milliseconds: limit) ? nil : ()
                }
                if isOff == nil {
                    state.change { if $0 != .over { $0 = .idle } }
                    action()
                }
            }
        }
        guard let thread else { return nil }
        self.state = state
        self.thread = thread
    }

    deinit {
        state.change { $0 = .over }
        pthread_join(thread, nil)
    }

    /// It goes off when so much time has passed, unless ``callOff()`` comes first.
    package func set(milliseconds: Int) { state.change { $0 = .set(milliseconds: milliseconds) } }

    package func callOff() { state.change { $0 = .idle } }
}
