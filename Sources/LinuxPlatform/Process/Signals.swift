// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import Synchronization

/// A signal by which somebody asks this process to end.
package enum Signal: CaseIterable, Hashable, Sendable {
    case interrupt
    case terminate
    case hangUp

    package var name: String {
        switch self {
        case .interrupt: "SIGINT"
        case .terminate: "SIGTERM"
        case .hangUp: "SIGHUP"
        }
    }

    var number: CInt {
        switch self {
        case .interrupt: SIGINT
        case .terminate: SIGTERM
        case .hangUp: SIGHUP
        }
    }
}

/// Signals that wait until they are looked at, so that nothing is cut short that has to be undone.
package enum Signals {
    /// Those that wait. A process may have got others held back from the one that started it.
    private static let held = Mutex<[Signal]>([])

    /// From now on each ``Signal`` waits for ``pending()``, and writing to a terminal or a pipe that
    /// is gone is an error and no signal. Threads that are started later have it from this one.
    ///
    /// A signal that this process was told to ignore stays ignored: nohup(1) does that. The kernel
    /// keeps an ignored signal too where it is held back (`sig_ignored`, kernel/signal.c, Linux
    /// 6.12). The corresponding C function is `pthread_sigmask`.
    package static func holdBack() {
        var set = sigset_t()
        sigemptyset(&set)
        let signals = Signal.allCases.filter { !isIgnored($0) }
        for signal in signals { sigaddset(&set, signal.number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        held.withLock { $0 = signals }
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// One that has come and is held back; it stays pending. The corresponding C function is
    /// `sigpending`.
    package static func pending() -> Signal? {
        var set = sigset_t()
        guard sigpending(&set) == 0 else { return nil }
        return held.withLock { $0 }.first { sigismember(&set, $0.number) == 1 }
    }

    private static func isIgnored(_ signal: Signal) -> Bool {
        var action = sigaction()
        guard sigaction(signal.number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
