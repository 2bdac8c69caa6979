// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

extension ELFCore {
    /// The most that a PT_NOTE may hold, in bytes. The kernel's take some tens of KiB.
    static let noteLimit: UInt64 = 16 << 20

    /// How many bytes ELF header and program headers are together.
    ///
    /// - Parameter fileHeader: the file's first 64 bytes, or more.
    package static func headerSize(of fileHeader: [UInt8]) throws(CoreDumpError) -> Int {
        guard fileHeader.count >= fileHeaderSize else {
            throw .truncated(needed: UInt64(fileHeaderSize), found: UInt64(fileHeader.count))
        }
        // Offset, width, value.
        let fixed: [(Int, Int, UInt64)] = [
            (0, 4, 0x464c_457f),  // magic
            (4, 1, 2), (5, 1, 1), (6, 1, 1),  // ELFCLASS64, ELFDATA2LSB, EV_CURRENT
            (16, 2, 4), (18, 2, 62), (20, 4, 1),  // ET_CORE, EM_X86_64, EV_CURRENT
            (32, 8, 64), (52, 2, 64), (54, 2, 56),  // e_phoff, e_ehsize, e_phentsize
        ]
        for (offset, width, expected) in fixed {
            let found = (0..<width).reduce(0 as UInt64) {
                $0 | UInt64(fileHeader[offset + $1]) << UInt64(8 * $1)
            }
            if found != expected {
                throw .notACore(offset: offset, expected: expected, found: found)
            }
        }
        let count = UInt16(fileHeader[56]) | UInt16(fileHeader[57]) << 8
        // 0xffff means that the count is in a section header.
        if count == 0 || count == 0xffff { throw .invalidProgramHeaderCount(count) }
        return fileHeaderSize + ProgramHeader.size * Int(count)
    }

    /// Reads the headers.
    ///
    /// - Parameter header: the file's first `headerSize(of:)` bytes, or more.
    package init(parsing header: [UInt8]) throws(CoreDumpError) {
        let size = try ELFCore.headerSize(of: header)
        var programHeaders: [ProgramHeader] = []
        for offset in stride(from: ELFCore.fileHeaderSize, to: size, by: ProgramHeader.size) {
            guard let type: UInt32 = header.integer(at: offset),
                let fileOffset: UInt64 = header.integer(at: offset + 8),
                let virtualAddress: UInt64 = header.integer(at: offset + 16),
                let physicalAddress: UInt64 = header.integer(at: offset + 24),
                let fileSize: UInt64 = header.integer(at: offset + 32),
                let memorySize: UInt64 = header.integer(at: offset + 40)
            else { throw .truncated(needed: UInt64(size), found: UInt64(header.count)) }
            if fileOffset.addingReportingOverflow(fileSize).overflow
                || type == ProgramHeader.note && fileSize > ELFCore.noteLimit
            {
                throw .invalidProgramHeader(index: programHeaders.count)
            }
            programHeaders.append(
                ProgramHeader(
                    type: type, offset: fileOffset, virtualAddress: virtualAddress,
                    physicalAddress: physicalAddress, fileSize: fileSize,
                    memorySize: memorySize))
        }
        self.programHeaders = programHeaders
    }
}
