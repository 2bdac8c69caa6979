// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// How the image's kernel is entered, and on what machine.
///
/// Source: `struct restore_data_record`, arch/x86/power/hibernate.c, Linux 6.12.
package struct RestoreRecord: Hashable, Sendable {
    /// The virtual address of `restore_registers` in the image's kernel.
    package let jumpAddress: UInt64
    package let physicalJumpAddress: PhysicalAddress
    /// The image's own page tables, which the kernel loads with its first instruction.
    package let cr3: PhysicalAddress
    /// ``MemoryMap/e820Checksum`` of the firmware's memory map.
    package let memoryMapChecksum: UInt32

    /// RESTORE_MAGIC of x86-64; a 32-bit kernel has another one.
    static let magic: UInt64 = 0x2345_6789_abcd_ef02

    /// Reads the beginning of the info page.
    init(parsing page: RawSpan) throws(SwsuspError) {
        let magic = page.u64(at: 24)
        guard magic == Self.magic else { throw .restoreMagic(magic) }

        // The kernel's text is in the last 2 GiB, whatever KASLR does
        // (Documentation/arch/x86/x86_64/mm.rst, Linux 6.12).
        jumpAddress = page.u64(at: 0)
        guard jumpAddress >= 0xffff_ffff_8000_0000 else { throw .jumpAddress(jumpAddress) }
        physicalJumpAddress = PhysicalAddress(page.u64(at: 8))
        guard physicalJumpAddress.frame < .limit else {
            throw .physicalJumpAddress(physicalJumpAddress)
        }

        // Without a PCID, so nothing is in the low bits.
        cr3 = PhysicalAddress(page.u64(at: 16))
        guard cr3.frame < .limit, cr3.rawValue.isMultiple(of: UInt64(PageFrame.size)) else {
            throw .pageTableRoot(cr3.rawValue)
        }

        // 32 bits in a field of 64.
        let checksum = page.u64(at: 32)
        guard let checksum = UInt32(exactly: checksum) else { throw .memoryMapChecksum(checksum) }
        memoryMapChecksum = checksum
    }
}

extension RestoreRecord {
    /// In which form a memory map is the one that the image was made on.
    package enum MemoryMapForm: Hashable, Sendable {
        case asItIs
        /// With adjacent ranges of one type made one: the restore kernel was started by kexec.
        case merged
    }

    /// Nil where it is another one. `map` is the firmware's, in its order.
    package func form(matching map: MemoryMap) -> MemoryMapForm? {
        if map.e820Checksum == memoryMapChecksum { return .asItIs }
        return map.merged.e820Checksum == memoryMapChecksum ? .merged : nil
    }
}
