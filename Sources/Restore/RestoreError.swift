// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Explanation

/// Why memory could not be made ready for the jump, or the jump did not happen.
package enum RestoreError: ExplainedError, Hashable {
    /// In bytes, what the restore kernel needs for itself included.
    case notEnoughMemory(needed: UInt64, available: UInt64)
    case framesMoved(count: Int)
    case jumpReturned
    /// This program has no code for the way into such an image.
    case otherArchitecture(Architecture)
    /// On this architecture.
    case noKexecJump(Architecture)

    package var explanation: String {
        switch self {
        case .notEnoughMemory(let needed, let available):
            "not enough memory: \(mebibytes(needed)) needed, \(mebibytes(available)) free"
        case .framesMoved(let count):
            "the kernel moved \(count) of our pages to other page frames; trying again may help"
        case .jumpReturned: "the kernel did not jump, and gave no reason"
        case .otherArchitecture(let other):
            "the image is of an \(other.name) machine, and this kresume is for "
                + "\(Architecture.here.name): it is left alone"
        case .noKexecJump(let here):
            "Linux can be jumped back into on x86-64 only, not on \(here.name): here kresume resumes what the "
                + "kernel's own hibernation has written, and writes nothing itself"
        }
    }
}
