// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage
import Testing

@testable import LinuxPlatform

@Suite struct SwapsAndMountsTests {
    @Test func swaps() throws {
        let text = """
            Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority
            /dev/sda2                               partition\t2097148\t\t12\t\t-2
            /swap\\040file                            file\t\t16777212\t0\t\t5

            """
        #expect(
            try Swaps.parse(text) == [
                ActiveSwap(
                    path: "/dev/sda2", isBlockDevice: true, size: 2_097_148 << 10, used: 12 << 10,
                    priority: -2),
                ActiveSwap(
                    path: "/swap file", isBlockDevice: false, size: 16_777_212 << 10, used: 0,
                    priority: 5),
            ])
        #expect(try Swaps.parse("Filename Type Size Used Priority\n").isEmpty)
        #expect(try Swaps.parse("").isEmpty)
    }

    @Test(arguments: [
        "/dev/sda2 partition 1 2", "/dev/sda2 partition x 2 -2", "/dev/sda2 partition 1 2 -2 3",
        "/dev/sda2 partition 18446744073709551615 0 -2", "/dev/sda2 partition 1 2 high",
    ])
    func badSwaps(_ line: String) {
        #expect(throws: PlatformError.malformed(path: "/proc/swaps", line: 3)) {
            try Swaps.parse("Filename\n/dev/sda1 partition 1 2 -2\n\(line)\n")
        }
    }

    @Test func mounts() throws {
        let text = """
            22 27 0:21 / /proc rw,relatime - proc proc rw
            30 27 8:1 / /mnt/a\\040b rw shared:1 master:2 - ext4 /dev/sda1 ro,seclabel
            31 27 0:40 /sub /home rw - btrfs /dev/mapper/x\\134y rw,space_cache

            """
        #expect(
            try Mounts.parse(text) == [
                Mount(
                    number: DeviceNumber(major: 0, minor: 21), mountPoint: "/proc",
                    fileSystem: "proc", source: "proc", isReadOnly: false),
                Mount(
                    number: DeviceNumber(major: 8, minor: 1), mountPoint: "/mnt/a b",
                    fileSystem: "ext4", source: "/dev/sda1", isReadOnly: true),
                Mount(
                    number: DeviceNumber(major: 0, minor: 40), mountPoint: "/home",
                    fileSystem: "btrfs", source: "/dev/mapper/x\\y", isReadOnly: false),
            ])
    }

    @Test(arguments: [
        "30 27 8:1 / /mnt rw ext4 /dev/sda1 rw", "30 27 8 / /mnt rw - ext4 /dev/sda1 rw",
        "30 27 8:1 / /mnt rw shared:1 master:1 -", "30 27 8:1", "x",
    ])
    func badMounts(_ line: String) {
        #expect(throws: PlatformError.malformed(path: "/proc/self/mountinfo", line: 1)) {
            try Mounts.parse(line)
        }
    }

    /// On any machine: the test runs below something that is mounted.
    @Test func thisMachine() throws {
        #expect(try Mounts.current().contains { $0.mountPoint == "/proc" })
        #expect(throws: Never.self) { try Swaps.active() }
    }
}
