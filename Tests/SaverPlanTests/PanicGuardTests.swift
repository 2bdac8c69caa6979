// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import CHandoff
import LinuxBoot
import PhysicalMemory
import Testing

@testable import SaverPlan

/// The guard that is shipped, with a block of 70 pages.
func panicGuard(_ initPath: String = "/init") -> PanicGuard {
    PanicGuard(
        program: Array(
            UnsafeRawBufferPointer(start: kresume_guard_bytes(), count: kresume_guard_size())),
        initPath: initPath, blockPages: 70, entryOffset: 1000)
}

@Suite struct PanicGuardTests {
    private let block = (0..<70 * 4096).map { UInt8(truncatingIfNeeded: $0 / 4096 + $0) }
    private let place = PageFrame(0x2_3000)

    /// What Swift fills in is what the program reads.
    @Test func programAsInC() throws {
        let guardian = panicGuard("/sbin/init")
        let archive = guardian.archiveBytes(block, at: place)
        #expect(UInt64(archive.count) == guardian.archivePages * 4096)
        let start = guardian.entryOffsetInArchive - 1000 - Int(KRESUME_GUARD_PAYLOAD)
        let file = Array(archive[start...])
        func word(_ offset: Int32) -> UInt64? { file.integer(at: Int(offset), as: UInt64.self) }
        let size = UInt64(KRESUME_GUARD_PAYLOAD) + UInt64(block.count)
        #expect(word(KRESUME_GUARD_FILE_SIZE) == size && word(KRESUME_GUARD_MEMORY_SIZE) == size)
        #expect(word(KRESUME_GUARD_ENTRY) == 0x2300_0000)
        #expect(word(KRESUME_GUARD_PAYLOAD_MEMORY) == 0x2300_0000)
        #expect(word(KRESUME_GUARD_PAYLOAD_SIZE) == UInt64(block.count))
        #expect(word(KRESUME_GUARD_PAYLOAD_EXTENT) == UInt64(block.count))
        #expect(file[Int(KRESUME_GUARD_INIT)...].starts(with: Array("/sbin/init\0".utf8)))
        #expect(file[Int(KRESUME_GUARD_PAYLOAD)...].starts(with: block))
        #expect(PanicGuard.initSize == Int(KRESUME_GUARD_INIT_SIZE))
        #expect(file.starts(with: [0x7f, 0x45, 0x4c, 0x46]))
    }

    /// The kernel takes the names of a header's fields by their places.
    @Test func archiveIsNewc() {
        let archive = panicGuard().archiveBytes(block, at: place)
        let text = String(decoding: archive[..<124], as: UTF8.self)
        let size = String(UInt32(KRESUME_GUARD_PAYLOAD) + UInt32(block.count), radix: 16)
        #expect(
            text == "070701" + "00000001" + "000081c0" + "0000000000000000" + "00000001"
                + "00000000" + String(repeating: "0", count: 8 - size.count) + size
                + String(repeating: "0", count: 32) + "0000000e" + "00000000" + "kresume-guard\0")
    }
}
