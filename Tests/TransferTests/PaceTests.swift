// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import Testing
import Transfer

@Suite struct PaceTests {
    @Test func slowPackingIsHurried() {
        var pace = Pace()
        #expect(pace.acceleration == 1)
        for expected in [2, 4, 8, 8] {
            pace.adapt(packing: 500, writing: 100, mayGrow: true)
            #expect(pace.acceleration == expected)
        }
        // As it should be.
        pace.adapt(packing: 150, writing: 100, mayGrow: true)
        #expect(pace.acceleration == 8)
        for expected in [4, 2, 1, 1] {
            pace.adapt(packing: 100, writing: 101, mayGrow: true)
            #expect(pace.acceleration == expected)
        }
    }

    /// Packing to a third takes longer than to write the other two thirds.
    @Test func fastDevicesGetDataAsItIs() {
        var pace = Pace(maySkip: true)
        for _ in 0..<4 { pace.adapt(packing: 500, writing: 10, share: 1 / 3, mayGrow: true) }
        #expect(!pace.packs)
        for _ in 0..<14 { pace.skip(mayGrow: true) }
        #expect(!pace.packs)
        pace.skip(mayGrow: true)
        // One piece is packed again, to see.
        #expect(pace.packs)
        var slow = pace
        slow.adapt(packing: 500, writing: 240, share: 1 / 3, mayGrow: true)
        #expect(slow.packs)
        pace.adapt(packing: 500, writing: 10, share: 1, mayGrow: true)
        #expect(!pace.packs)
        pace.skip(mayGrow: false)
        #expect(pace.packs)
        pace.adapt(packing: 500, writing: 10, share: 1, mayGrow: false)
        #expect(pace.packs)

        var faithful = Pace()
        for _ in 0..<9 { faithful.adapt(packing: 500, writing: 1, share: 1, mayGrow: true) }
        #expect(faithful.packs)
    }

    /// A device that is just large enough must not become too small.
    @Test func scarceRoomIsPackedThoroughly() {
        var pace = Pace()
        pace.adapt(packing: 500, writing: 0, mayGrow: true)
        pace.adapt(packing: 500, writing: 0, mayGrow: false)
        #expect(pace.acceleration == 1)
    }
}
