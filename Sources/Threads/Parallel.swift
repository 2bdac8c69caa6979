// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import Synchronization

/// Work on several CPUs.
package enum Parallel {
    /// How many CPUs this process may run on, at least 1.
    package static var usableCPUs: Int { max(1, Int(linux_usable_cpus())) }

    /// Lets this thread, and those that it starts, run when no other has anything to do. On Linux
    /// that is a matter of the thread, not of the process. The corresponding C function is
    /// `setpriority`.
    package static func letOthersGoFirst() { _ = setpriority(CInt(PRIO_PROCESS.rawValue), 0, 19) }

    /// Calls `body` with 0 to `count` - 1, each on a thread of its own, and returns when all have
    /// returned. Throws the error that was thrown first; the others still run to their end.
    ///
    /// Number 0 runs on the calling thread, and so does any for which no thread could be made.
    /// The corresponding C functions are `pthread_create` and `pthread_join`.
    package static func run<Failure: Error>(
        _ count: Int, _ body: @escaping @Sendable (Int) throws(Failure) -> Void
    ) throws(Failure) {
        let first = FirstError<Failure>()
        let attempt: @Sendable (Int) -> Void = { index in
            do throws(Failure) { try body(index) } catch { first.record(error) }
        }
        var threads: [pthread_t] = []
        var left: [Int] = count > 0 ? [0] : []
        for index in 1..<max(count, 1) {
            if let thread = start({ attempt(index) }) {
                threads.append(thread)
            } else {
                left.append(index)
            }
        }
        for index in left { attempt(index) }
        for thread in threads { pthread_join(thread, nil) }
        if let error = first.error { throw error }
    }

    /// Nil where the system has no thread to give.
    static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        let job = Unmanaged.passRetained(Job(body))
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, job.toOpaque())
        if error == 0 { return thread }
        job.release()
        return nil
    }

    private final class Job: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private final class FirstError<Failure: Error>: Sendable {
        private let stored = Mutex<Failure?>(nil)
        func record(_ error: Failure) { stored.withLock { $0 = $0 ?? error } }
        var error: Failure? { stored.withLock { $0 } }
    }
}
