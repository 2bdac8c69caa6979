// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Testing

@testable import Architecture

@Suite struct IdentityMapTests {
    /// Walks serialized tables as the CPU would; nil where nothing is mapped.
    private func walk(_ words: [UInt64], base: UInt64, top: Int, levels: Int, _ virtual: UInt64)
        -> UInt64?
    {
        var table = top
        for level in stride(from: levels, through: 2, by: -1) {
            let index = Int(virtual >> UInt64(12 + 9 * (level - 1)) & 511)
            let entry = words[table * 512 + index]
            guard entry & 1 == 1 else { return nil }
            if entry & 0x80 != 0 { return entry & ~0x1f_ffff | virtual & 0x1f_ffff }
            table = Int((entry & ~0xfff) - base) / PageFrame.size
        }
        return nil
    }

    /// The top tables, and how many levels these have.
    private func tops(_ map: IdentityMap) -> [(Int, Int)] {
        [(map.topTable4, 4)] + (map.topTable5.map { [($0, 5)] } ?? [])
    }

    @Test func mapsRAMAndNothingElse() {
        let ram = FrameSet([
            FrameRange(PageFrame(1), PageFrame(0x9f)),
            FrameRange(PageFrame(0x100), PageFrame(0xbffe0)),
            FrameRange(PageFrame(0x10_0000), PageFrame(0x14_0000)),
            FrameRange(PageFrame(0x800_0000), PageFrame(0x800_0001)),  // 512 GiB
        ])
        let map = IdentityMap(mapping: ram, for: .x86)
        let base: UInt64 = 0x123_4000
        let words = map.serialized(at: PhysicalAddress(base))
        #expect(words.count == map.tableCount * 512)
        for (top, levels) in tops(map) {
            for address: UInt64 in [
                0x1000, 0x10_0000, 0xbffd_ffff, 0x1_0000_0000, 0x1_3fff_ffff, 0x80_0000_0000,
            ] {
                #expect(walk(words, base: base, top: top, levels: levels, address) == address)
            }
            for hole: UInt64 in [0xc000_0000, 0x1_4000_0000, 0x80_0020_0000, 0x100_0000_0000] {
                #expect(walk(words, base: base, top: top, levels: levels, hole) == nil)
            }
        }
    }

    @Test func mapsAVirtualPageBeside() {
        var map = IdentityMap(
            mapping: FrameSet([FrameRange(PageFrame(0), PageFrame(0x1000))]), for: .x86)
        map.map(virtual: 0xffff_ffff_8112_3456, to: PhysicalAddress(0x72_3456))
        let words = map.serialized(at: PhysicalAddress(0))
        for (top, levels) in tops(map) {
            #expect(
                walk(words, base: 0, top: top, levels: levels, 0xffff_ffff_8112_3456) == 0x72_3456)
        }
    }

    /// Of one table each level, and 2 MiB: what the processor's manual says the bits are.
    @Test func entriesOfARM64() {
        let map = IdentityMap(
            mapping: FrameSet([FrameRange(PageFrame(0x4_0010), PageFrame(0x4_0020))]), for: .arm64)
        #expect(map.tableCount == 3 && map.topTable4 == 0 && map.topTable5 == nil)
        let words = map.serialized(at: PhysicalAddress(0x4800_0000))
        #expect(words[0] == 0x4800_1003)
        #expect(words[512 + 1] == 0x4800_2003)
        #expect(words[1024] == 0x4000_0701)
        #expect(words.filter { $0 != 0 }.count == 3)
    }
}
