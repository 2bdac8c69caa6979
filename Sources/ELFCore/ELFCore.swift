// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// The program headers of an ELF core: /proc/vmcore or /proc/kcore.
///
/// Byte order: little endian. Format: include/uapi/linux/elf.h, Linux 6.12. Both files have the
/// program headers right behind the ELF header, one PT_NOTE first, and no section headers.
package struct ELFCore: Hashable, Sendable {
    /// Bytes of the ELF header. From them `headerSize(of:)` tells how many there are in all.
    package static let fileHeaderSize = 64

    struct ProgramHeader: Hashable, Sendable {
        var type: UInt32
        var offset: UInt64
        var virtualAddress: UInt64
        var physicalAddress: UInt64
        var fileSize: UInt64
        var memorySize: UInt64

        static let size = 56
        static let load: UInt32 = 1
        static let note: UInt32 = 4
    }

    let programHeaders: [ProgramHeader]

    /// Consecutive memory, and where its bytes are.
    package struct Segment: Hashable, Sendable {
        package var memory: PhysicalRange
        /// Of the first byte, in bytes.
        package var fileOffset: UInt64

        package init(memory: PhysicalRange, fileOffset: UInt64) {
            self.memory = memory
            self.fileOffset = fileOffset
        }
    }

    /// Where the notes are in the file, in bytes, 16 MiB at most; nil where there are none.
    ///
    /// In /proc/kcore (fs/proc/kcore.c, Linux 6.12) they follow the program headers, and
    /// VMCOREINFO is the last of four: behind PRSTATUS, PRPSINFO and TASKSTRUCT.
    package var notes: Range<UInt64>? {
        programHeaders.first { $0.type == ProgramHeader.note }
            .map { $0.offset..<$0.offset + $0.fileSize }
    }

    /// Where in the file `count` bytes from `address` are; nil where not all are in one piece.
    package func fileOffset(ofVirtual address: UInt64, count: UInt64) -> UInt64? {
        fileOffset(of: address, count: count, \.virtualAddress)
    }

    /// The same of physical memory.
    package func fileOffset(of address: PhysicalAddress, count: UInt64) -> UInt64? {
        fileOffset(of: address.rawValue, count: count, \.physicalAddress)
    }

    private func fileOffset(
        of address: UInt64, count: UInt64, _ start: KeyPath<ProgramHeader, UInt64>
    ) -> UInt64? {
        for header in programHeaders where header.type == ProgramHeader.load {
            let (skipped, overflow) = address.subtractingReportingOverflow(header[keyPath: start])
            if !overflow, skipped <= header.fileSize, count <= header.fileSize - skipped {
                return header.offset + skipped
            }
        }
        return nil
    }

    /// The memory in ascending order, disjoint. For /proc/vmcore only: /proc/kcore lists memory
    /// by virtual address, some of it twice and some without a physical one.
    ///
    /// - Parameter fileSize: of /proc/vmcore in bytes. No segment may reach beyond it.
    package func memory(fileSize: UInt64) throws(CoreDumpError) -> [Segment] {
        var segments: [Segment] = []
        for (index, header) in programHeaders.enumerated() where header.type == ProgramHeader.load {
            let (end, overflow) = header.physicalAddress.addingReportingOverflow(header.memorySize)
            guard !overflow, end <= PageFrame.limit.address.rawValue,
                header.fileSize == header.memorySize
            else { throw .invalidProgramHeader(index: index) }
            let fileEnd = header.offset + header.fileSize
            if fileEnd > fileSize { throw .truncated(needed: fileEnd, found: fileSize) }
            if header.memorySize == 0 { continue }
            let range = PhysicalRange(PhysicalAddress(header.physicalAddress), PhysicalAddress(end))
            segments.append(Segment(memory: range, fileOffset: header.offset))
        }
        segments.sort { $0.memory.start < $1.memory.start }
        for (lower, upper) in zip(segments, segments.dropFirst())
        where lower.memory.end > upper.memory.start {
            throw .overlappingMemory(lower.memory, upper.memory)
        }
        return segments
    }
}
