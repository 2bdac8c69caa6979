// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// A Linux kernel for x86-64 as it lies in a file.
///
/// Byte order: little endian. Format: Documentation/arch/x86/boot.rst, Linux 6.12.
package struct BzImage: Hashable, Sendable {
    /// The setup header, from file offset 0x1f1 to its end.
    package let setupHeader: [UInt8]
    /// Where in the file the protected-mode part begins, in bytes. This part is what is loaded.
    package let loadedOffset: UInt64
    /// The size of the protected-mode part in the file, in bytes.
    package let loadedSize: UInt64
    /// The load address is a multiple of this, in bytes; a power of two, a page at least.
    package let alignment: UInt64
    /// Loaded lower than this, the kernel would move itself up to it.
    package let preferredAddress: PhysicalAddress
    /// The memory that the kernel needs from its load address on before it knows of any other,
    /// in bytes.
    package let initSize: UInt64
    /// The longest command line, in bytes without the terminating zero.
    package let commandLineLimit: Int
    /// Whether the kernel can be entered with 5-level paging switched on.
    package let startsInFiveLevelPaging: Bool
    /// "6.12.1-host (builder) #1 SMP ..."; nil where the header names none.
    package let version: String?

    /// The 64-bit entry, from the load address on, in bytes.
    package static let entryOffset: UInt64 = 0x200
}
