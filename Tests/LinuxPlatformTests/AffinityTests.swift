// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// An arm64 machine's processors, as /sys has them from a device tree.
@Suite struct AffinityTests {
    private static func tree(_ cells: [String: [UInt8]]) throws -> TemporaryTree {
        let tree = try TemporaryTree(["devices/system/cpu/online": "0-1\n"])
        for (name, bytes) in cells {
            try tree.write(bytes, to: "devices/system/cpu/\(name)/of_node/reg")
        }
        return tree
    }

    @Test func oneCellOrTwo() throws {
        let tree = try Self.tree([
            "cpu0": [0, 0, 0, 0], "cpu1": [0, 0, 1, 1], "cpu2": [0, 0, 0, 1, 0, 0, 2, 0],
            "cpufreq": [0, 0, 0, 7],
        ])
        for (affinity, number) in [(0, 0), (0x101, 1), (0x1_0000_0200, 2), (7, nil)]
            as [(UInt64, Int?)]
        {
            #expect(try CPU.number(withAffinity: affinity, sysfs: tree.root) == number)
        }
    }

    @Test(arguments: [[], [0], [UInt8](repeating: 0, count: 12)]) func damage(bytes: [UInt8]) throws
    {
        let tree = try Self.tree(["cpu0": bytes])
        #expect(throws: PlatformError.self) { try CPU.number(withAffinity: 0, sysfs: tree.root) }
    }

    /// As where ACPI describes the machine.
    @Test func nothingTold() throws {
        let tree = try TemporaryTree(["devices/system/cpu/cpu0/online": "1\n"])
        #expect(try CPU.number(withAffinity: 0, sysfs: tree.root) == nil)
    }

    @Test func forReboot() throws {
        let tree = try TemporaryTree(["kernel/reboot/cpu": "0\n"])
        try CPU.setForReboot(3, sysfs: tree.root)
        #expect(try SystemFile.line(tree.root.appending("kernel/reboot/cpu")) == "3")
    }
}
