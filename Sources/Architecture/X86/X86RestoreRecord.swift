// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// How the kernel of an x86-64 image is entered, and on what machine.
///
/// Source: `struct restore_data_record`, arch/x86/power/hibernate.c, Linux 6.12.
package struct X86RestoreRecord: Hashable, Sendable {
    /// The virtual address of `restore_registers` in the image's kernel.
    package let jumpAddress: UInt64
    package let physicalJumpAddress: PhysicalAddress
    /// The image's own page tables, which the kernel loads with its first instruction.
    package let cr3: PhysicalAddress
    /// ``MemoryMap/e820Checksum`` of the firmware's memory map.
    package let memoryMapChecksum: UInt32

    /// RESTORE_MAGIC of x86-64; a 32-bit kernel has another one.
    static let magic: UInt64 = 0x2345_6789_abcd_ef02

    /// What an info page has there.
    static func magic(in page: RawSpan) -> UInt64 { page.u64(at: 24) }

    static func isRecognised(in page: RawSpan) -> Bool { magic(in: page) == magic }

    /// Reads the beginning of an info page that ``isRecognised(in:)``.
    init(parsing page: RawSpan) throws(RestoreRecordError) {
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

extension X86RestoreRecord {
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

extension X86RestoreRecord {
    /// With the page of the image kernel's text in which it is entered, at its own address: the first
    /// instruction there loads the image's page tables.
    func identityMap(of memory: FrameSet) -> IdentityMap {
        var tables = IdentityMap(mapping: memory, for: .x86)
        tables.map(virtual: jumpAddress, to: physicalJumpAddress)
        return tables
    }

    /// `restore_registers`, arch/x86/power/hibernate_asm_64.S, Linux 6.12: entered with its own address in
    /// r8 and the image's CR3 in r9.
    func target(page: (PageFrame) -> [UInt8]?) throws(RestoreRecordError) -> X86JumpTarget {
        X86JumpTarget(
            entry: jumpAddress, pagingDepth: try pagingDepth(page: page), r8: jumpAddress,
            r9: cr3.rawValue)
    }
}
