// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Synchronization

/// A word from one thread to others that their work is no longer wanted.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    package func cancel() { flag.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// Thrown by work that stopped because nobody wants it any more. A user is told why it is not
/// wanted, not this.
package struct Cancelled: ExplainedError {
    package init() {}

    package var explanation: String { "this was given up: its result is no longer wanted" }
}
