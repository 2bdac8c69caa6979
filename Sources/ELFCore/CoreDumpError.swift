// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import PhysicalMemory

/// Why /proc/vmcore or /proc/kcore could not be understood.
package enum CoreDumpError: ExplainedError, Hashable, Sendable {
    /// The bytes end before something that was announced. In bytes.
    case truncated(needed: UInt64, found: UInt64)
    /// A field of the ELF header is not as in a 64-bit x86-64 core; `offset` is the file's.
    case notACore(offset: Int, expected: UInt64, found: UInt64)
    /// No program header, or more than `e_phnum` can say.
    case invalidProgramHeaderCount(UInt16)
    /// A program header whose offset, address or size cannot be.
    case invalidProgramHeader(index: Int)
    /// Two ranges of memory overlap.
    case overlappingMemory(PhysicalRange, PhysicalRange)
    /// A note runs over the end; `offset` counts from the first note.
    case invalidNote(offset: Int)
    /// There is no note VMCOREINFO.
    case noVMCoreInfo
    /// Nothing in the core has this virtual address.
    case notInCore(virtual: UInt64)

    package var explanation: String {
        let what: String =
            switch self {
            case .truncated(let needed, let found):
                "its core file has \(found) bytes, where \(needed) are needed"
            case .notACore(let offset, let expected, let found):
                "its core file has \(hexadecimal(found)) at byte \(offset), not "
                    + hexadecimal(expected)
            case .invalidProgramHeaderCount(let count):
                "its core file cannot have \(count) program headers"
            case .invalidProgramHeader(let index):
                "program header \(index) of its core file makes no sense"
            case .overlappingMemory(let first, let second):
                "its core file has \(first) and \(second), which overlap"
            case .invalidNote(let offset):
                "the note at byte \(offset) of its core file's notes goes on after their end"
            case .noVMCoreInfo: "its core file has no note VMCOREINFO"
            case .notInCore(let address):
                "its core file has nothing at address \(hexadecimal(address))"
            }
        return "the kernel's memory cannot be read: \(what)"
    }
}
