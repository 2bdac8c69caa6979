// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import PhysicalMemory
import TestSupport
import Testing

private func range(_ start: UInt64, _ end: UInt64) -> PhysicalRange {
    PhysicalRange(PhysicalAddress(start), PhysicalAddress(end))
}

@Suite struct ELFCoreTests {
    private static let programs = [
        Program(type: 4, offset: 0x1000, address: 0, fileSize: 0x840),
        Program(offset: 0x3000, address: 0x10_0000, fileSize: 0x20_0000),
        Program(offset: 0x2000, address: 0x1000, fileSize: 0x1000),
        Program(offset: 0x20_3000, address: 0x80_0000, fileSize: 0),
        Program(type: 0x6474_e551, offset: 0, address: .max, fileSize: 0),
    ]
    private static let fileSize: UInt64 = 0x20_3000

    @Test func memoryInAscendingOrder() throws {
        let header = core(Self.programs)
        #expect(try ELFCore.headerSize(of: header) == 64 + 5 * 56)
        let parsed = try ELFCore(parsing: header)
        #expect(parsed.notes == 0x1000..<0x1840)
        #expect(
            try parsed.memory(fileSize: Self.fileSize) == [
                ELFCore.Segment(memory: range(0x1000, 0x2000), fileOffset: 0x2000),
                ELFCore.Segment(memory: range(0x10_0000, 0x30_0000), fileOffset: 0x3000),
            ])
    }

    /// /proc/kcore: notes of no size in memory, the kernel's text twice, vmalloc nowhere.
    @Test func notesOfKcore() throws {
        let parsed = try ELFCore(
            parsing: core([
                Program(type: 4, offset: 0x1c0, address: 0, fileSize: 0x2b34, memorySize: 0),
                Program(offset: 0x7fff_8000_3000, address: .max, fileSize: 0x2000_0000),
                Program(offset: 0x3000, address: 0x100_0000, fileSize: 0x10_0000),
                Program(offset: 0x9000, address: 0x100_0000, fileSize: 0x10_0000),
            ]))
        #expect(parsed.notes == 0x1c0..<0x2cf4)
        #expect(throws: CoreDumpError.invalidProgramHeader(index: 1)) {
            try parsed.memory(fileSize: .max)
        }
    }

    @Test func noNotes() throws {
        #expect(try ELFCore(parsing: core([Self.programs[1]])).notes == nil)
    }

    @Test(
        arguments: [
            (0, 0x7e, 0x464c_457f, 0x464c_457e), (4, 1, 2, 1), (5, 2, 1, 2), (6, 0, 1, 0),
            (16, 2, 4, 2), (18, 3, 62, 3), (20, 0, 1, 0), (32, 52, 64, 52), (52, 52, 64, 52),
            (54, 32, 56, 32),
        ] as [(Int, UInt8, UInt64, UInt64)])
    func badFileHeader(offset: Int, byte: UInt8, expected: UInt64, found: UInt64) {
        var header = core(Self.programs)
        header[offset] = byte
        #expect(throws: CoreDumpError.notACore(offset: offset, expected: expected, found: found)) {
            try ELFCore(parsing: header)
        }
    }

    @Test(arguments: [UInt16(0), 0xffff])
    func badCount(count: UInt16) {
        var header = core(Self.programs)
        header[56] = UInt8(count & 0xff)
        header[57] = UInt8(count >> 8)
        #expect(throws: CoreDumpError.invalidProgramHeaderCount(count)) {
            try ELFCore(parsing: header)
        }
    }

    @Test func everyShortHeaderIsRefused() {
        let header = core(Self.programs)
        for count in 0..<header.count {
            // The last header's alignment is not looked at.
            if count >= header.count - 8 { continue }
            #expect(
                throws: CoreDumpError.truncated(
                    needed: count < 64 ? 64 : UInt64(header.count), found: UInt64(count))
            ) { try ELFCore(parsing: Array(header[..<count])) }
        }
    }

    @Test(arguments: [
        Program(offset: .max, address: 0, fileSize: 1),
        Program(type: 4, offset: 0, address: 0, fileSize: 16 << 20 + 1),
        Program(type: 4, offset: .max, address: 0, fileSize: 4096),
    ])
    func badProgramHeader(program: Program) {
        let header = core([Self.programs[1], program])
        #expect(throws: CoreDumpError.invalidProgramHeader(index: 1)) {
            try ELFCore(parsing: header)
        }
    }

    @Test(
        arguments: [
            (
                Program(offset: 0, address: .max - 0xfff, fileSize: 0x1000),
                .invalidProgramHeader(index: 1)
            ),
            (
                Program(offset: 0, address: 1 << 52, fileSize: 0x1000),
                .invalidProgramHeader(index: 1)
            ),
            (
                Program(offset: 0, address: 0, fileSize: 0x1000, memorySize: 0x2000),
                .invalidProgramHeader(index: 1)
            ),
            (
                Program(offset: 0x20_2001, address: 0, fileSize: 0x1000),
                .truncated(needed: 0x20_3001, found: 0x20_3000)
            ),
            (
                Program(offset: 0, address: 0x2f_f000, fileSize: 0x2000),
                .overlappingMemory(range(0x10_0000, 0x30_0000), range(0x2f_f000, 0x30_1000))
            ),
        ] as [(Program, CoreDumpError)])
    func badMemory(program: Program, error: CoreDumpError) throws {
        let parsed = try ELFCore(parsing: core([Self.programs[1], program]))
        #expect(throws: error) { try parsed.memory(fileSize: Self.fileSize) }
    }
}
