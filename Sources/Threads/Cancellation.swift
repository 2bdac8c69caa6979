// SPDX-License-Identifier: GPL-2.0-or-later

import Synchronization

/// A word from one thread to others that their work is no longer wanted.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    package func cancel() { flag.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// Thrown by work that stopped because nobody wants it any more. Never what a user is told: why it
/// is not wanted is.
package struct Cancelled: Error {
    package init() {}
}
