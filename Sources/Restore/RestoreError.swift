// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

/// Why memory could not be made ready for the jump, or the jump did not happen.
package enum RestoreError: ExplainedError, Hashable {
    /// In bytes, what the restore kernel needs for itself included.
    case notEnoughMemory(needed: UInt64, available: UInt64)
    case framesMoved(count: Int)
    case jumpReturned

    package var explanation: String {
        switch self {
        case .notEnoughMemory(let needed, let available):
            "not enough memory: \(mebibytes(needed)) needed, \(mebibytes(available)) free"
        case .framesMoved(let count):
            "the kernel moved \(count) of our pages to other page frames; trying again may help"
        case .jumpReturned: "the kernel did not jump, and gave no reason"
        }
    }
}
