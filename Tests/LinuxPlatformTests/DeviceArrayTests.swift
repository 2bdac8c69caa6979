// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// Arrays as one sees them who has their disks, in a tree of files that is like the kernel's.
@Suite struct DeviceArrayTests {
    private static let number = DeviceNumber(major: 9, minor: 0)
    private static let order = [
        "level": "raid1", "metadata_version": "1.2", "reshape_position": "none",
        "dev-sda/state": "in_sync,write_mostly", "dev-sda/slot": "0", "dev-sda/offset": "2048",
        "dev-sda/block/dev": "8:0", "dev-sdb/state": "in_sync", "dev-sdb/slot": "1",
        "dev-sdb/offset": "2048", "dev-sdb/block/dev": "8:16",
    ]
    private static let mirrors = DeviceArray.Mirrors(
        devices: [DeviceNumber(major: 8, minor: 0), DeviceNumber(major: 8, minor: 16)],
        dataOffset: 1 << 20)

    /// - Parameter changes: of `md0`'s directory `md`.
    private func array(
        _ changes: [String: String] = [:], of number: DeviceNumber = number
    ) throws -> DeviceArray? {
        var files = [
            "dev/block/": "", "class/block/": "", "devices/md0/slaves/sda/": "",
            "devices/md0/md0p1/partition": "1", "devices/dm-0/slaves/md0/": "",
        ]
        for (name, text) in Self.order.merging(changes, uniquingKeysWith: { $1 }) {
            files["devices/md0/md/\(name)"] = text + "\n"
        }
        let tree = try TemporaryTree(files)
        for (link, device) in [
            ("dev/block/9:0", "md0"), ("class/block/md0", "md0"), ("dev/block/259:1", "md0/md0p1"),
            ("dev/block/253:0", "dm-0"),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: tree.root.appending(link).string,
                withDestinationPath: "../../devices/\(device)")
        }
        return try DeviceArray.of(number, sysfs: tree.root)
    }

    @Test func disks() throws {
        #expect(
            try array() == DeviceArray(name: "md0", level: "raid1", mirrors: Self.mirrors))
        #expect(try array(of: DeviceNumber(major: 8, minor: 0)) == nil)
    }

    /// One that failed, and one that waits for that, have none of it.
    @Test func disksThatAreLeftOut() throws {
        let failed = try array(["dev-sdb/state": "faulty"])?.mirrors
        #expect(failed?.devices == [DeviceNumber(major: 8, minor: 0)])
        let spare = ["dev-sdc/state": "spare", "dev-sdc/slot": "none"]
        #expect(try array(spare)?.mirrors == Self.mirrors)
    }

    @Test(arguments: [
        ("level", "raid5"), ("metadata_version", "external:/md127/0"),
        ("reshape_position", "4096"), ("dev-sdb/state", "spare"), ("dev-sdb/state", "journal"),
        ("dev-sdb/offset", "4096"), ("dev-sdb/offset", "x"), ("dev-sdb/block/dev", ""),
    ])
    func onlyWholeOnes(file: String, text: String) throws {
        let array = try array([file: text])
        #expect(array?.name == "md0" && array?.mirrors == nil)
    }

    @Test(arguments: [DeviceNumber(major: 259, minor: 1), DeviceNumber(major: 253, minor: 0)])
    func whatIsOnOne(number: DeviceNumber) throws {
        #expect(
            try array(of: number) == DeviceArray(name: "md0", level: "raid1", mirrors: nil))
    }
}
