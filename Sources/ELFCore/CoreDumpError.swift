// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Why /proc/vmcore or /proc/kcore could not be understood.
package enum CoreDumpError: Error, Hashable, Sendable {
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
}
