// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import PhysicalMemory

/// Why a kernel cannot be started as the saver kernel.
package enum BootProtocolError: ExplainedError, Hashable, Sendable {
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
    /// What `rdinit=` names. In bytes; the limit is without a terminating zero.
    case initPathTooLong(length: Int, limit: Int)

    package var explanation: String {
        switch self {
        case .kernelTruncated(let needed, let found):
            "the saver kernel's file is not a whole Linux kernel for x86-64 (bzImage): it has "
                + "\(found) bytes, and \(needed) are needed"
        case .notAKernel(let offset, let expected, let found):
            "the saver kernel's file is not a Linux kernel for x86-64 (bzImage): it has "
                + "\(hexadecimal(found)) at byte \(offset), not \(hexadecimal(expected))"
        case .protocolTooOld(let version):
            "the saver kernel is too old: it speaks boot protocol \(version >> 8)."
                + "\(version & 0xff), and 2.12 (Linux 3.8) is needed"
        case .notRelocatable64Bit:
            "the saver kernel cannot be started where it is loaded: it is not a relocatable 64-bit "
                + "kernel (CONFIG_RELOCATABLE)"
        case .invalidField(let offset, let value):
            "the saver kernel's file cannot have \(hexadecimal(value)) at byte \(offset): is it "
                + "damaged?"
        case .commandLineTooLong(let length, let limit):
            "the saver kernel's command line has \(length) bytes, and at most \(limit) are "
                + "allowed: try less with --saver-append"
        case .regionUnusable(let frames):
            "the saver kernel cannot live at \(frames): it needs RAM below 4 GiB"
        case .lowMemoryUnusable(let frames):
            "the saver kernel cannot use \(frames) as low memory: it needs RAM below 1 MiB"
        case .doesNotFit(let needed, let available):
            "the saver kernel and its initramfs need \(mebibytes(needed)) and have "
                + "\(mebibytes(available)): give more with --saver-memory"
        case .invalidBootParameters(let size):
            "this kernel's boot parameters have \(size) bytes, not 4096"
        case .tooManyMemoryMapEntries(let count):
            "the saver kernel's memory map has \(count) entries, and at most 128 are allowed"
        case .tooManyMemoryRanges(let count):
            "the memory to be saved is in \(count) pieces, and at most 65533 are allowed"
        case .invalidNote(let size):
            "this kernel's note VMCOREINFO, of \(size) bytes, is not a whole one"
        case .initPathTooLong(let length, let limit):
            "the path of the saver kernel's init (rdinit=) has \(length) bytes, and at most \(limit) "
                + "are allowed"
        case .invalidPurgatory(let size):
            "this kresume was built wrongly: its purgatory has \(size) bytes"
        }
    }
}
