// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import CHandoff
import PhysicalMemory
import TestSupport
import Testing

@testable import LinuxBoot
@testable import SaverPlan

@Suite struct PurgatoryTests {
    private typealias Parameters = kresume_purgatory_parameters

    /// What Swift writes is what the code reads.
    @Test func parametersAsInC() throws {
        let bytes = PurgatoryParameters(
            bootParameters: PhysicalAddress(0x1122_3344_5566_7788),
            kernelEntry: PhysicalAddress(0x99aa_bbcc_ddee_ff00),
            jumpBackDigits: PhysicalAddress(0x0102_0304_0506_0708), debugPort: 0x2f8,
            jumpBackWord: PhysicalAddress(0x1234_5678_9abc_def0)
        ).bytes
        try #require(bytes.count == MemoryLayout<Parameters>.size)
        let parameters = bytes.withUnsafeBytes { $0.loadUnaligned(as: Parameters.self) }
        #expect(parameters.boot_params == 0x1122_3344_5566_7788)
        #expect(parameters.kernel_entry == 0x99aa_bbcc_ddee_ff00)
        #expect(parameters.jump_back_digits == 0x0102_0304_0506_0708)
        #expect(parameters.debug_port == 0x2f8)
        #expect(parameters.jump_back_word == 0x1234_5678_9abc_def0)
        #expect(PurgatoryParameters.entryOffset == Int(KRESUME_PURGATORY_ENTRY))
    }

    /// Parameters of zeroes in front, the code behind them, all in one page.
    @Test func code() {
        let code = UnsafeBufferPointer(
            start: kresume_purgatory_bytes(), count: kresume_purgatory_size())
        #expect(code.count > PurgatoryParameters.entryOffset && code.count <= 4096)
        #expect(code.prefix(PurgatoryParameters.size).allSatisfy { $0 == 0 })
        // cli; cld
        #expect(Array(code[PurgatoryParameters.entryOffset...].prefix(2)) == [0xfa, 0xfc])
    }
}
