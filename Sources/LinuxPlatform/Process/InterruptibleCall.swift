// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage
import Threads

/// A system call that may take long and can be given up. It runs on a thread of its own, which is
/// sent a signal that does nothing else: again and again, for one that comes just before the call
/// would be lost.
enum InterruptibleCall {
    private struct State {
        /// While the call goes on.
        var thread: pthread_t?
        var result: Result<Void, Errno>?
    }

    /// Nobody sends it to us, and without a handler it is ignored.
    private static let wakeUp = SIGURG
    private static let milliseconds = 100

    /// Throws EINTR where the call was given up.
    ///
    /// - Parameter isUnwanted: asked ten times a second.
    static func run(
        _ operation: PlatformError.Operation, _ path: FilePath, unless isUnwanted: () -> Bool,
        _ body: @escaping @Sendable () -> CInt
    ) throws(PlatformError) {
        installHandler()
        let state = Monitor(State())
        let call = Future {
            letWakeUp()
            state.change { $0.thread = pthread_self() }
            let result = body()
            let error = errno
            state.change {
                $0.thread = nil
                $0.result = result == -1 ? .failure(Errno(rawValue: error)) : .success(())
            }
        }
        defer { withExtendedLifetime(call) {} }
        while true {
            switch state.wait(milliseconds: milliseconds, until: { $0.result }) {
            case .success: return
            case .failure(let error): throw .call(operation, path: path, error)
            case nil: break
            }
            guard isUnwanted() else { continue }
            state.change { state in
                if let thread = state.thread { pthread_kill(thread, wakeUp) }
            }
        }
    }

    /// Without SA_RESTART: the call ends with EINTR.
    private static func installHandler() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(wakeUp, &action, nil)
    }

    private static func letWakeUp() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, wakeUp)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
