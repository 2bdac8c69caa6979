// SPDX-License-Identifier: GPL-2.0-or-later

import Synchronization

/// Gives out the numbers 0 to `count` - 1, each to one of the threads that ask.
package final class WorkQueue: Sendable {
    package let count: Int
    private let next = Atomic<Int>(0)

    package init(count: Int) { self.count = count }

    /// Nil when all are given out.
    private func take() -> Int? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < count ? index : nil
    }

    /// Calls `body` with one number after another until all are given out. Where it throws, the
    /// other threads stop too: they need not finish what is lost.
    package func takeEach(_ body: (Int) throws -> Void) throws {
        while let index = take() {
            do { try body(index) } catch {
                next.store(count, ordering: .relaxed)
                throw error
            }
        }
    }
}
