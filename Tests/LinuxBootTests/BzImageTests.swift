// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import TestSupport
import Testing

@testable import LinuxBoot

@Suite struct BzImageTests {
    @Test func fields() throws {
        let kernel = try kernel()
        #expect(kernel.loadedOffset == 2048)
        #expect(kernel.loadedSize == 32768)
        #expect(kernel.alignment == 2 << 20)
        #expect(kernel.preferredAddress == PhysicalAddress(16 << 20))
        #expect(kernel.initSize == 19 << 20)
        #expect(kernel.commandLineLimit == 2047)
        #expect(kernel.startsInFiveLevelPaging)
        #expect(kernel.version == "6.12.0-test (nobody) #1")
        #expect(kernel.setupHeader.count == 0x26c - 0x1f1)
    }

    /// No setup sectors means four; a signature may follow what is loaded.
    @Test func sizes() throws {
        var file = kernelFile()
        file.store(UInt8(0), at: 0x1f1)
        let kernel = try BzImage(parsing: file, fileSize: 5 * 512 + 32768 + 100)
        #expect(kernel.loadedOffset == 5 * 512)
        #expect(kernel.loadedSize == 32768 + 100)
    }

    @Test func versionIsNotNeeded() throws {
        for (pointer, tail) in [(UInt16(0), "x"), (0xffff, "x"), (0x300, "no end")] {
            var file = kernelFile()
            file.store(pointer, at: 0x20e)
            if tail == "no end" { file.store([UInt8](repeating: 65, count: 300), at: 0x500) }
            #expect(try BzImage(parsing: file, fileSize: UInt64(file.count)).version == nil)
        }
    }

    private static let flags = BootProtocolError.notRelocatable64Bit

    @Test(
        arguments: [
            (0x1fe, [0], .notAKernel(offset: 0x1fe, expected: 0xaa55, found: 0xaa00)),
            (0x202, [0x68], .notAKernel(offset: 0x202, expected: 0x5372_6448, found: 0x5372_6468)),
            (0x206, [0x0b], .protocolTooOld(0x20b)),
            (0x201, [0x65], .invalidField(offset: 0x201, value: 0x65)),
            (0x201, [0x8f], .invalidField(offset: 0x201, value: 0x8f)),
            (0x211, [0], flags(0, 1, 0x23)),
            (0x234, [0], flags(1, 0, 0x23)),
            (0x236, [0x22], flags(1, 1, 0x22)),
            (0x236, [0x21], flags(1, 1, 0x21)),
            (0x230, [0, 0, 0, 0], .invalidField(offset: 0x230, value: 0)),
            (0x230, [0, 8, 0, 0], .invalidField(offset: 0x230, value: 2048)),
            (0x230, [0, 0, 0x30, 0], .invalidField(offset: 0x230, value: 3 << 20)),
            (0x238, [0, 0], .invalidField(offset: 0x238, value: 0)),
            (0x262, [0, 0], .invalidField(offset: 0x260, value: 0)),
            (0x1f4, [0x20, 0], .invalidField(offset: 0x1f4, value: 0x20)),
            (0x1f4, [0x01], .kernelTruncated(needed: 2048 + 32784, found: 2048 + 32768)),
            (0x1f1, [4], .kernelTruncated(needed: 2560 + 32768, found: 2048 + 32768)),
        ] as [(Int, [UInt8], BootProtocolError)])
    func badHeader(offset: Int, bytes: [UInt8], error: BootProtocolError) {
        var file = kernelFile()
        file.store(bytes, at: offset)
        #expect(throws: error) { try BzImage(parsing: file, fileSize: UInt64(file.count)) }
    }

    @Test func everyShortFileIsRefused() {
        let file = kernelFile()
        for count in 0..<0x26c {
            #expect(throws: BootProtocolError.self) {
                try BzImage(parsing: Array(file[..<count]), fileSize: UInt64(count))
            }
        }
        #expect(throws: Never.self) {
            try BzImage(parsing: Array(file[..<0x26c]), fileSize: UInt64(file.count))
        }
    }
}
