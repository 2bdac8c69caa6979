// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Testing

private func entry(_ start: UInt64, _ end: UInt64, _ type: MemoryType = .ram) -> MemoryMap.Entry {
    MemoryMap.Entry(PhysicalRange(PhysicalAddress(start), PhysicalAddress(end)), type)
}

@Suite struct MemoryMapTests {
    @Test func adjacentRangesOfOneTypeAreMerged() {
        let map = MemoryMap([
            entry(0x64_2018, 0x80_0000), entry(0, 0x9fc00), entry(0x10_0000, 0x64_2018),
            entry(0x80_0000, 0x90_0000, .reserved), entry(0x5000, 0x5000),
        ])
        #expect(
            map.merged.entries == [
                entry(0, 0x9fc00), entry(0x10_0000, 0x80_0000),
                entry(0x80_0000, 0x90_0000, .reserved),
            ])
    }

    /// EFI cuts RAM at unaligned addresses; the page on the cut is RAM all the same.
    @Test func aPageAcrossACutIsKept() {
        let map = MemoryMap([entry(0x1000, 0x2018), entry(0x2018, 0x4fff)])
        #expect(map.ram.ranges == [FrameRange(PageFrame(1), PageFrame(4))])
    }

    @Test func differenceNamesBothSides() {
        let a = MemoryMap([entry(0, 0x1000), entry(0x2000, 0x3000)])
        let b = MemoryMap([entry(0, 0x1000), entry(0x2000, 0x4000)])
        let difference = a.difference(from: b)
        #expect(difference.onlyHere == [entry(0x2000, 0x3000)])
        #expect(difference.onlyThere == [entry(0x2000, 0x4000)])
    }

    private static let tables = MemoryMap([
        entry(0, 0x10000), entry(0x10000, 0x12000, .acpi), entry(0x12000, 0x20000),
        entry(0x20000, 0x21000, .acpiNonVolatile),
    ])

    @Test func acpiData() {
        #expect(Self.tables.acpiData?.ranges == [FrameRange(PageFrame(0x10), PageFrame(0x12))])
        #expect(MemoryMap([entry(0, 0x1000)]).acpiData == FrameSet())
        // The end of one and the beginning of the next one make a page.
        let cut = MemoryMap([entry(0x1000, 0x2018, .acpi), entry(0x2018, 0x3000, .acpi)])
        #expect(cut.acpiData?.count == 2)
        #expect(MemoryMap([entry(0x1000, 0x2018, .acpi)]).acpiData == nil)
    }

    @Test func differsOnlyByACPIData() {
        let tables = Self.tables
        var moved = tables
        moved.entries[0].range.end = PhysicalAddress(0x11000)
        moved.entries[1].range = PhysicalRange(PhysicalAddress(0x11000), PhysicalAddress(0x13000))
        moved.entries[2].range.start = PhysicalAddress(0x13000)
        #expect(tables.differsOnlyByACPIData(from: moved))
        #expect(moved.differsOnlyByACPIData(from: tables))
        #expect(!tables.differsOnlyByACPIData(from: tables))
        var others = [moved, moved, moved]
        others[0].entries[3].range.start = PhysicalAddress(0x1f000)
        others[0].entries[2].range.end = PhysicalAddress(0x1f000)
        others[1].entries[2].range.end = PhysicalAddress(0x1f000)
        others[2].entries[1].range.end = PhysicalAddress(0x12800)
        others[2].entries[2].range.start = PhysicalAddress(0x12800)
        for other in others { #expect(!tables.differsOnlyByACPIData(from: other)) }
    }

    @Test func firmwareEntry() {
        let parsed = MemoryMap.Entry(start: "0x100000\n", end: "0x3ffdffff\n", type: "System RAM\n")
        #expect(parsed == entry(0x10_0000, 0x3ffe_0000))
        #expect(parsed?.description == "0x100000-0x3ffdffff System RAM")
    }

    @Test(arguments: [
        ("100000", "0x3ffdffff", "System RAM"), ("0x1", "0x0", "System RAM"),
        ("0x0", "0xffffffffffffffff", "System RAM"), ("0x0", "0x10", "Moonlight"),
        ("", "", ""), ("0x0", "0x1ffffffffffffffff", "Reserved"),
    ])
    func badFirmwareEntry(start: String, end: String, type: String) {
        #expect(MemoryMap.Entry(start: start, end: end, type: type) == nil)
    }

    @Test func iomem() {
        let resources = IOMemoryResource.parse(
            iomem: """
                00001000-0009fbff : System RAM
                00100000-3ffdffff : System RAM
                  1d000000-1e1fffff : Kernel code
                nonsense
                ffffffffffffffff-0 : backwards
                fd000000-fdffffff : 0000:00:02.0
                """)
        #expect(
            resources.map(\.name) == ["System RAM", "System RAM", "Kernel code", "0000:00:02.0"])
        #expect(resources.map(\.depth) == [0, 0, 1, 0])
        #expect(resources[0].range.description == "0x1000-0x9fbff")
        #expect(resources[0].range.wholeFrames == FrameRange(PageFrame(1), PageFrame(0x9f)))
    }

    /// As Debian's arm64 kernel shows it in QEMU: what it has reserved for itself is RAM all the same.
    @Test func ramOfARM64() {
        let resources = IOMemoryResource.parse(
            iomem: """
                09000000-09000fff : pl011@9000000
                  09000000-09000fff : 9000000.pl011 pl011@9000000
                40000000-5fffffff : System RAM
                  40210000-4157ffff : Kernel code
                  41580000-419fffff : reserved
                60000000-600fffff : reserved
                60100000-6fffffff : System RAM
                4010000000-401fffffff : PCI ECAM
                """)
        #expect(
            MemoryMap(ramOf: resources).ram
                == FrameSet([
                    FrameRange(PageFrame(0x40000), PageFrame(0x60000)),
                    FrameRange(PageFrame(0x60100), PageFrame(0x70000)),
                ]))
    }
}
