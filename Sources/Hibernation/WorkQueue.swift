// SPDX-License-Identifier: GPL-2.0-or-later

import Synchronization

/// Gives out the numbers 0 to `count` - 1, each to one of the threads that ask.
final class WorkQueue: Sendable {
    private let count: Int
    private let next = Atomic<Int>(0)

    init(count: Int) { self.count = count }

    /// Nil when all are given out.
    func take() -> Int? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < count ? index : nil
    }

    /// Gives out no more: one thread failed, and the others need not finish what is lost.
    func close() { next.store(count, ordering: .relaxed) }
}
