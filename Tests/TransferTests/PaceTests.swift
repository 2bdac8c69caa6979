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

    /// A device that is just large enough must not become too small.
    @Test func scarceRoomIsPackedThoroughly() {
        var pace = Pace()
        pace.adapt(packing: 500, writing: 0, mayGrow: true)
        pace.adapt(packing: 500, writing: 0, mayGrow: false)
        #expect(pace.acceleration == 1)
    }
}
