// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// Work on a thread of its own, whose result is asked for later.
package final class Future<Value: Sendable>: Sendable {
    private let result = Monitor<Result<Value, any Error>?>(nil)
    private let thread: pthread_t?

    /// Where there is no thread to be had, the work is done before this returns.
    package init(_ body: @escaping @Sendable () throws -> Value) {
        let work: @Sendable () -> Void = { [result] in
            let outcome = Result { try body() }
            result.change { $0 = outcome }
        }
        thread = Parallel.start(work)
        if thread == nil { work() }
    }

    /// Nothing that the work uses goes away under it.
    deinit { if let thread { pthread_join(thread, nil) } }

    /// Waits for the result. Any thread may ask, more than once.
    package func value() throws -> Value { try result.wait { $0 }.get() }

    /// The same, but calls `look` ten times a second meanwhile, and throws what it throws.
    package func value(lookingAt look: () throws -> Void) throws -> Value {
        while true {
            if let outcome = result.wait(milliseconds: 100, until: { $0 }) {
                return try outcome.get()
            }
            try look()
        }
    }
}
