// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import PhysicalMemory

/// Why nothing is known of a kernel's free pages.
package enum FreePageError: ExplainedError, Hashable, Sendable {
    /// VMCOREINFO lacks this key, or has a value for it that cannot be.
    case notTold(String)
    /// AMD's memory encryption is on.
    case encryptedMemory
    /// A virtual address that leads to nothing that can be read.
    case unreadable(UInt64)
    /// This page's descriptor says that it begins a free block of 2^order pages, which cannot be.
    case impossibleBlock(PageFrame, order: UInt64)
    /// The list of the pages that were swapped with another kernel's is none; what it ends with.
    case backupList(UInt64)
    /// In pages: `found` is not what the kernel has counted.
    case otherCount(found: UInt64, counted: UInt64)

    package var explanation: String {
        switch self {
        case .notTold(let key):
            "the kernel does not tell how to find its free pages (\(key) in VMCOREINFO)"
        case .encryptedMemory:
            "the kernel encrypts its memory (SME), so its free pages cannot be told"
        case .unreadable(let address):
            "the kernel's memory at \(hexadecimal(address)) cannot be read"
        case .impossibleBlock(let frame, let order):
            "the page at \(frame.address) is said to begin a free block of order \(order), which "
                + "cannot be"
        case .backupList(let entry):
            "the list of the pages that were swapped with the saver's cannot end in "
                + hexadecimal(entry)
        case .otherCount(let found, let counted):
            "\(found) free pages were found, and the kernel counts \(counted)"
        }
    }
}
