// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Testing

@testable import Architecture

@Suite struct MemoryMapChecksumTests {
    static func map(_ entries: [(UInt64, UInt64, MemoryType)]) -> MemoryMap {
        MemoryMap(
            entries.map { start, last, type in
                .init(PhysicalRange(PhysicalAddress(start), PhysicalAddress(last + 1)), type)
            })
    }

    /// A machine of QEMU's with 768 MiB, as it stood in /sys/firmware/memmap.
    static let machine = map([
        (0x0, 0x9_fbff, .ram), (0x9_fc00, 0x9_ffff, .reserved), (0xf_0000, 0xf_ffff, .reserved),
        (0x10_0000, 0x2ffd_cfff, .ram), (0x2ffd_d000, 0x2fff_ffff, .reserved),
        (0xfffc_0000, 0xffff_ffff, .reserved), (0xfd_0000_0000, 0xff_ffff_ffff, .reserved),
    ])

    /// What Linux 6.1 and 6.12 wrote into their images there.
    static let checksum: UInt32 = 0x6394_ad44

    @Test func theKernelsChecksum() throws {
        #expect(Self.machine.e820Checksum == Self.checksum)
        // crc32 of four zero bytes.
        #expect(MemoryMap([]).e820Checksum == 0x2144_df1c)
    }

    @Test func formsThatMatch() throws {
        let record = try X86Sample.record()
        #expect(record.form(matching: Self.machine) == .asItIs)

        var split = Self.machine
        split.entries[3].range.end = PhysicalAddress(0x64_2018)
        split.entries.insert(
            .init(PhysicalRange(PhysicalAddress(0x64_2018), PhysicalAddress(0x2ffd_d000)), .ram),
            at: 4)
        #expect(record.form(matching: split) == .merged)

        var larger = Self.machine
        larger.entries[3].range.end = PhysicalAddress(0x2ffd_c000)
        #expect(record.form(matching: larger) == nil)
        var retyped = Self.machine
        retyped.entries[4].type = .acpi
        #expect(record.form(matching: retyped) == nil)
    }
}
