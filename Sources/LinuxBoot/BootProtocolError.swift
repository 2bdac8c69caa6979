// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Why a kernel cannot be started as the saver kernel.
package enum BootProtocolError: Error, Hashable, Sendable {
    /// The kernel's file ends too early. In bytes.
    case kernelTruncated(needed: UInt64, found: UInt64)
    /// A magic number of the setup header is another; `offset` is the file's.
    case notAKernel(offset: Int, expected: UInt32, found: UInt32)
    /// The boot protocol is older than 2.12; high byte major, low byte minor.
    case protocolTooOld(UInt16)
    /// The kernel has no 64-bit entry, or cannot run where it is loaded.
    case notRelocatable64Bit(loadFlags: UInt8, relocatable: UInt8, extendedLoadFlags: UInt16)
    /// A field of the setup header has no sense; `offset` is the file's.
    case invalidField(offset: Int, value: UInt64)
    /// In bytes without the terminating zero.
    case commandLineTooLong(length: Int, limit: Int)
    /// The region is misaligned, too low, above 4 GiB, or not in the firmware's RAM.
    case regionUnusable(FrameRange)
    /// The low memory is empty, not below 1 MiB, or not in the firmware's RAM.
    case lowMemoryUnusable(FrameRange)
    /// Kernel, initrd and tables are larger than the region. In bytes.
    case doesNotFit(needed: UInt64, available: UInt64)
    /// A's boot_params are not one page.
    case invalidBootParameters(size: Int)
    /// boot_params hold 128 entries.
    case tooManyMemoryMapEntries(Int)
    /// An ELF header counts at most 65534 program headers.
    case tooManyMemoryRanges(Int)
    /// The VMCOREINFO note is not one whole ELF note.
    case invalidNote(size: Int)
    /// The purgatory's code is not larger than its parameters, or larger than a page.
    case invalidPurgatory(size: Int)
}
