// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot
import PhysicalMemory

/// The `elfcorehdr`: an ELF header that tells the saver kernel what memory A has.
///
/// /proc/vmcore is made from it (fs/proc/vmcore.c, Linux 6.12), which wants 64-bit program headers
/// right behind the header, takes `p_offset` for the physical address, and does without a
/// /proc/vmcore where there is no PT_NOTE.
enum ELFCoreHeader {
    /// Zero bytes after the notes: a note header without a name, at which the kernel stops.
    static let noteTerminatorSize = 12

    static func size(rangeCount: Int) -> Int { 64 + 56 * (1 + rangeCount) }

    /// - Parameters:
    ///   - notes: where the notes lie, the terminator included.
    ///   - memory: what /proc/vmcore shall contain.
    static func bytes(notes: PhysicalRange, memory: FrameSet) throws(BootProtocolError) -> [UInt8] {
        let ranges = memory.ranges
        // 0xffff in e_phnum means that the count is elsewhere; the kernel does not look there.
        guard ranges.count + 1 < 0xffff else { throw .tooManyMemoryRanges(ranges.count) }
        var bytes = [UInt8](repeating: 0, count: size(rangeCount: ranges.count))
        // Magic, ELFCLASS64, ELFDATA2LSB, EV_CURRENT.
        bytes.store([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], at: 0)
        bytes.store(UInt16(4), at: 16)  // e_type: ET_CORE
        bytes.store(UInt16(62), at: 18)  // e_machine: EM_X86_64
        bytes.store(UInt32(1), at: 20)  // e_version
        bytes.store(UInt64(64), at: 32)  // e_phoff
        bytes.store(UInt16(64), at: 52)  // e_ehsize
        bytes.store(UInt16(56), at: 54)  // e_phentsize
        bytes.store(UInt16(ranges.count + 1), at: 56)  // e_phnum

        storeProgramHeader(type: 4, flags: 0, notes, alignment: 4, at: 64, in: &bytes)
        for (index, range) in ranges.enumerated() {
            storeProgramHeader(
                type: 1, flags: 7, range.physicalRange, alignment: UInt64(PageFrame.size),
                at: 64 + 56 * (index + 1), in: &bytes)
        }
        return bytes
    }

    private static func storeProgramHeader(
        type: UInt32, flags: UInt32, _ range: PhysicalRange, alignment: UInt64, at offset: Int,
        in bytes: inout [UInt8]
    ) {
        bytes.store(type, at: offset)
        bytes.store(flags, at: offset + 4)
        bytes.store(range.start.rawValue, at: offset + 8)  // p_offset
        bytes.store(range.start.rawValue, at: offset + 24)  // p_paddr
        bytes.store(range.size, at: offset + 32)  // p_filesz
        bytes.store(range.size, at: offset + 40)  // p_memsz
        bytes.store(alignment, at: offset + 48)
    }
}
