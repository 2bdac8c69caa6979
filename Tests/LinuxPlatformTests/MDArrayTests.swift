// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// md arrays in a tree of files that is like the kernel's.
@Suite struct MDArrayTests {
    @Test func settings() throws {
        let tree = try TemporaryTree([
            "block/sda/size": "8\n", "block/md0/md/sync_action": "frozen\n",
            "block/md0/md/bitmap/time_base": "5.500\n",
        ])
        #expect(try MDArray.names(sysfs: tree.root) == ["md0"])
        let value = { setting in try MDArray.value(setting, of: "md0", sysfs: tree.root) }
        #expect(try value(.syncAction) == "frozen" && value(.bitmapDelay) == "5.500")
        #expect(try value(.safeModeDelay) == nil)
        try MDArray.set(.syncAction, of: "md0", to: "idles\n", sysfs: tree.root)
        #expect(try value(.syncAction) == "idles")
    }

    @Test(arguments: [("md0", true), ("md_d1", true), ("sda", false), ("md/0", false), ("", false)])
    func names(name: String, isOne: Bool) { #expect(MDArray.isName(name) == isOne) }

    @Test(arguments: [
        ("clean", false), ("read-auto", false), ("active", true), ("write-pending", true),
    ])
    func cleanOnesAreNotWaitedFor(state: String, isWaitedFor: Bool) throws {
        let tree = try TemporaryTree(["block/md0/md/array_state": state + "\n"])
        let start = Uptime.nanoseconds()
        try MDArray.waitUntilClean("md0", milliseconds: 50, sysfs: tree.root)
        #expect((Uptime.nanoseconds() - start >= 50_000_000) == isWaitedFor)
    }
}
