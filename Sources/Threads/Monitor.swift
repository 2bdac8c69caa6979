// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// State that several threads change, and whose changes they wait for.
///
/// The corresponding C functions are `pthread_mutex_lock`, `pthread_cond_wait` and
/// `pthread_cond_broadcast`.
package final class Monitor<State>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    package init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        // The time of day may be set while somebody waits.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Calls `body` on the state. Nobody else sees it meanwhile.
    package func change(_ body: (inout State) throws -> Void) rethrows {
        try waitAndChange { (state) throws -> Void? in try body(&state) }
    }

    /// Calls `body` on the state, again after each change of it, until it returns something. What
    /// it changes before it throws is a change too.
    package func waitAndChange<Result>(_ body: (inout State) throws -> Result?) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            do {
                if let result = try body(&state) {
                    pthread_cond_broadcast(condition)
                    return result
                }
            } catch {
                pthread_cond_broadcast(condition)
                throw error
            }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// The same with a body that changes nothing.
    package func wait<Result>(until body: (State) throws -> Result?) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = try body(state) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// The same, but no longer than so many milliseconds: then nil.
    package func wait<Result>(
        milliseconds: Int, until body: (State) throws -> Result?
    ) rethrows -> Result? {
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        let nanoseconds = end.tv_nsec + milliseconds % 1000 * 1_000_000
        end.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = try body(state) { return result }
            if pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT {
                return try body(state)
            }
        }
    }
}
