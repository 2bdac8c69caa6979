// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// Which devices are plugged in and out, on a directory that looks like sysfs.
@Suite struct RemovableDeviceTests {
    /// A disk's number, where below devices/ it is, and what is said where.
    private static let disks: [(number: String, directory: String, words: [String: String])] = [
        ("259:0", "pci0/0000:00:05.0/nvme/nvme0/nvme0n1", ["nvme0n1": "0"]),
        // Behind a port of the PCI bus that leads out, as Thunderbolt does.
        (
            "259:1", "pci0/0000:00:1c.0/0000:01:00.0/nvme/nvme1/nvme1n1",
            ["0000:01:00.0": "removable"]
        ),
        ("8:0", "pci0/0000:00:14.0/usb1/1-1/block/sda", ["usb1": "unknown", "1-1": "removable"]),
        ("8:16", "pci0/0000:00:14.0/usb1/1-2/block/sdb", ["usb1": "unknown", "1-2": "fixed"]),
        ("8:32", "pci0/0000:00:14.0/usb1/1-3/block/sdc", ["usb1": "unknown", "1-3": "unknown"]),
        ("8:48", "pci0/0000:00:17.0/ata1/block/sdd", ["sdd": "1"]),
        ("8:64", "pci0/0000:00:17.0/ata2/block/sde", [:]),
        // Soldered to a board that is plugged in.
        (
            "8:80", "pci0/0000:00:14.0/usb1/1-4/1-4.1/block/sdf",
            ["1-4": "removable", "1-4.1": "fixed"]
        ),
    ]

    private static func tree() throws -> TemporaryTree {
        var files = ["class/block/": "", "dev/block/": ""]
        var links: [(String, String)] = []
        for (number, directory, words) in disks {
            files["devices/\(directory)/size"] = "8\n"
            for (name, word) in words {
                let above = directory.components(separatedBy: "/\(name)")[0] + "/\(name)"
                files["devices/\(above)/removable"] = "\(word)\n"
            }
            links += [
                (number, directory), (FilePath(directory).lastComponent?.string ?? "", directory),
            ]
        }
        // A partition of the stick, and a mapping on that.
        files["devices/\(disks[2].directory)/sda1/partition"] = "1\n"
        links += [("8:1", "\(disks[2].directory)/sda1"), ("sda1", "\(disks[2].directory)/sda1")]
        files["devices/virtual/block/dm-0/slaves/sda1/"] = ""
        links.append(("253:0", "virtual/block/dm-0"))
        let tree = try TemporaryTree(files)
        for (name, directory) in links {
            let link = name.contains(":") ? "dev/block/\(name)" : "class/block/\(name)"
            try FileManager.default.createSymbolicLink(
                atPath: tree.root.appending(link).string,
                withDestinationPath: "../../devices/\(directory)")
        }
        return tree
    }

    private static let expected = [
        ("259:0", false), ("259:1", true), ("8:0", true), ("8:16", false), ("8:32", true),
        ("8:48", true), ("8:64", false), ("8:80", true), ("8:1", true), ("253:0", true),
        ("9:9", false),
    ]

    @Test func isRemovable() throws {
        let tree = try Self.tree()
        for (text, expected) in Self.expected {
            let number = try #require(DeviceNumber(text))
            let isRemovable = try RemovableDevice.isRemovable(number, sysfs: tree.root)
            #expect(isRemovable == expected, "\(text)")
        }
    }
}
