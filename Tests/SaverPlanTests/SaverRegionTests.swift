// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import TestSupport
import Testing

@testable import LinuxBoot
@testable import SaverPlan

private let mebibyte: UInt64 = 1 << 20

@Suite struct SaverRegionTests {
    private func choose(
        _ iomem: String, firmware: MemoryMap, size: UInt64 = 96 * mebibyte,
        avoiding: FrameSet = FrameSet()
    ) throws -> FrameRange? {
        SaverRegion.choose(
            size: size, for: try kernel(), firmwareMap: firmware,
            resources: IOMemoryResource.parse(iomem: iomem), avoiding: avoiding)
    }

    private static let ram = "00001000-0009fbff : System RAM\n00100000-2ffdefff : System RAM\n"

    /// Which iomem gives which region on a machine of 768 MiB.
    @Test(arguments: [
        // Above a kernel that lies low; below one that lies high.
        ("  01000000-02ffffff : Kernel code\n", 0x29e0_0000),
        ("  2d000000-2effffff : Kernel code\n", 0x2700_0000),
        // The crash kernel is in the way at the top.
        (
            "  01000000-02ffffff : Kernel code\n  20000000-2fefffff : Crash kernel\n",
            0x1a00_0000
        ),
        // The kernel's last byte counts with its whole page.
        ("  02000000-29e00000 : Kernel bss\n", nil),
        ("  02000000-29dfffff : Kernel bss\n", 0x29e0_0000),
        // No kernel named.
        ("", 0x29e0_0000),
        // Nothing large enough is left.
        ("  05000000-2b000000 : Kernel data\n", nil),
    ])
    func highest(kernelLines: String, expected: UInt64?) throws {
        let region = try choose(Self.ram + kernelLines, firmware: firmwareMap)
        #expect(region == expected.map { frames($0, $0 + 96 * mebibyte) })
    }

    @Test func framesThatAreToBeAvoided() throws {
        let region = try choose(
            Self.ram, firmware: firmwareMap, avoiding: FrameSet([frames(0x2f00_0000, 0x2f00_1000)]))
        #expect(region == frames(0x2900_0000, 0x2f00_0000))
    }

    /// What is RAM to one of firmware and A only is not taken.
    @Test func firmwareAndAMustAgree() throws {
        let holes = MemoryMap([
            entry(0x10_0000, 0x2a00_0000), entry(0x2a00_0000, 0x2a00_1000, .acpiNonVolatile),
            entry(0x2a00_1000, 0x2ffd_f000),
        ])
        let region = try choose(Self.ram, firmware: holes)
        #expect(region == frames(0x2400_0000, 0x2a00_0000))
        let reserved = "00100000-05ffffff : System RAM\n06000000-2ffdefff : Reserved\n"
        #expect(try choose(reserved, firmware: firmwareMap) == nil)
        #expect(try choose("00000000-00000000 : System RAM\n", firmware: firmwareMap) == nil)
    }

    @Test func nothingAboveFourGibibytes() throws {
        let map = MemoryMap([entry(0x1_0000_0000, 0x2_0000_0000)])
        #expect(try choose("100000000-1ffffffff : System RAM", firmware: map) == nil)
        let across = MemoryMap([entry(0xff00_0000, 0x2_0000_0000)])
        let iomem = "ff000000-1ffffffff : System RAM"
        #expect(
            try choose(iomem, firmware: across, size: 16 * mebibyte)
                == frames(0xff00_0000, 0x1_0000_0000))
        #expect(try choose(iomem, firmware: across, size: 17 * mebibyte) == nil)
    }

    @Test(arguments: [0, UInt64.max, 1 << 32])
    func absurdSizes(size: UInt64) throws {
        #expect(try choose(Self.ram, firmware: firmwareMap, size: size) == nil)
    }

    @Test(arguments: [
        ("00001000-0009fbff : System RAM", 0x9_f000),
        ("00001000-0009ffff : System RAM", 0x9_f000),
        ("00000000-0004ffff : System RAM\n00050000-00050fff : Reserved", 0x5_0000),
        ("00001000-00010fff : System RAM", 0x1_1000),
        ("00001000-0000ffff : System RAM", nil),
        ("", nil),
    ])
    func lowMemory(iomem: String, end: UInt64?) {
        let range = SaverRegion.lowMemory(
            firmwareMap: firmwareMap, resources: IOMemoryResource.parse(iomem: iomem))
        #expect(range == end.map { frames(0x1000, $0) })
    }
}
