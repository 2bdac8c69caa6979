// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// Which devices are no place for an image, on a directory that looks like sysfs.
@Suite struct StorageFlawTests {
    /// By the kernel's name: its number, and where below devices/ it is.
    private static let devices: [String: (number: String, directory: String)] = [
        "zram0": ("252:0", "virtual/block/zram0"), "ram1": ("1:1", "virtual/block/ram1"),
        "loop0": ("7:0", "virtual/block/loop0"), "loop1": ("7:1", "virtual/block/loop1"),
        "nbd0": ("43:0", "virtual/block/nbd0"), "nbd0p1": ("259:0", "virtual/block/nbd0/nbd0p1"),
        "rbd2": ("251:0", "rbd/2/block/rbd2"),
        "etherd!e1.1": ("152:16", "virtual/block/etherd!e1.1"),
        "vda": ("254:0", "pci0000:00/0000:00:04.0/virtio1/block/vda"),
        "vda1": ("254:1", "pci0000:00/0000:00:04.0/virtio1/block/vda/vda1"),
        "sdb": ("8:16", "platform/host3/session1/target3:0:0/3:0:0:0/block/sdb"),
        "sdb1": ("8:17", "platform/host3/session1/target3:0:0/3:0:0:0/block/sdb/sdb1"),
        "nvme0n1": ("259:1", "pci0000:00/0000:00:05.0/nvme/nvme0/nvme0n1"),
        "nvme1n1": ("259:2", "virtual/nvme-fabrics/ctl/nvme1/nvme1n1"),
        "nvme2n1": ("259:3", "virtual/nvme-subsystem/nvme-subsys2/nvme2n1"),
        "nvme3n1": ("259:4", "virtual/nvme-subsystem/nvme-subsys3/nvme3n1"),
        "dm-0": ("253:0", "virtual/block/dm-0"), "dm-1": ("253:1", "virtual/block/dm-1"),
        "dm-2": ("253:2", "virtual/block/dm-2"), "dm-3": ("253:3", "virtual/block/dm-3"),
        "md0": ("9:0", "virtual/block/md0"),
    ]

    private static func tree() throws -> TemporaryTree {
        var files = ["class/block/": "", "dev/block/": ""]
        for (name, device) in devices {
            files["devices/\(device.directory)/size"] = "8\n"
            if name.hasSuffix("p1") || name == "vda1" || name == "sdb1" {
                files["devices/\(device.directory)/partition"] = "1\n"
            }
        }
        let block = "devices/virtual/block"
        files["\(block)/loop0/loop/backing_file"] = "/run/a/swap (deleted)\n"
        files["\(block)/loop1/loop/backing_file"] = "/run/b/swap\n"
        files["devices/pci0000:00/0000:00:05.0/nvme/nvme0/nvme0n1/device/transport"] = "pcie\n"
        files["devices/virtual/nvme-fabrics/ctl/nvme1/nvme1n1/device/transport"] = "tcp\n"
        files["devices/virtual/nvme-subsystem/nvme-subsys2/nvme2/transport"] = "rdma\n"
        files["devices/virtual/nvme-subsystem/nvme-subsys3/nvme3/transport"] = "pcie\n"
        // Encrypted for one boot, on a disk and in memory; LUKS; a volume on the first.
        let mappings = [
            ("dm-0", "CRYPT-PLAIN-swap", "vda1"), ("dm-1", "CRYPT-PLAIN-fast", "zram0"),
            ("dm-2", "CRYPT-LUKS2-0123-safe", "vda"), ("dm-3", "LVM-0123", "dm-0"),
        ]
        for (name, uuid, below) in mappings {
            files["\(block)/\(name)/dm/uuid"] = "\(uuid)\n"
            files["\(block)/\(name)/dm/name"] = "\(uuid.split(separator: "-").last ?? "")\n"
            files["\(block)/\(name)/slaves/\(below)/"] = ""
        }
        files["\(block)/md0/slaves/vda/"] = ""
        files["\(block)/md0/slaves/ram1/"] = ""
        let tree = try TemporaryTree(files)
        for (name, device) in devices {
            for link in ["class/block/\(name)", "dev/block/\(device.number)"] {
                try FileManager.default.createSymbolicLink(
                    atPath: tree.root.appending(link).string,
                    withDestinationPath: "../../devices/\(device.directory)")
            }
        }
        return tree
    }

    private static func mount(_ path: FilePath, _ fileSystem: String) -> Mount {
        Mount(
            number: DeviceNumber(major: 0, minor: 1), mountPoint: path, fileSystem: fileSystem,
            source: "none", isReadOnly: false)
    }

    private static let flaws: [(String, StorageFlaw?)] =
        [
            ("zram0", .memory("zram0")), ("ram1", .memory("ram1")),
            ("loop0", .fileInMemory("loop0", "/run/a/swap (deleted)")),
            ("loop1", .file("loop1", "/run/b/swap")),
            ("nbd0", .remote("nbd0")), ("nbd0p1", .remote("nbd0p1")), ("rbd2", .remote("rbd2")),
            ("etherd!e1.1", .remote("etherd!e1.1")), ("sdb", .remote("sdb")),
            ("sdb1", .remote("sdb1")), ("nvme1n1", .remote("nvme1n1")),
            ("nvme2n1", .remote("nvme2n1")), ("dm-0", .plainKey(mapping: "swap")),
            // Of two flaws the worse.
            ("dm-1", .memory("zram0")), ("dm-3", .plainKey(mapping: "swap")),
            ("md0", .memory("ram1")),
            ("vda", nil), ("vda1", nil), ("nvme0n1", nil), ("nvme3n1", nil), ("dm-2", nil),
        ]

    @Test func ofEachDevice() throws {
        let tree = try Self.tree()
        let mounts = [
            Self.mount("/", "ext4"), Self.mount("/run", "tmpfs"), Self.mount("/run/b", "xfs"),
            // What lies below is not seen.
            Self.mount("/run/a", "xfs"), Self.mount("/run/a", "tmpfs"),
        ]
        for (name, flaw) in Self.flaws {
            let number = try #require(Self.devices[name].flatMap { DeviceNumber($0.number) })
            let found = try StorageFlaw.of(number, sysfs: tree.root, mounts: mounts)
            #expect(found == flaw, "\(name)")
        }
    }

    /// On any machine: what the kernel writes there can be read, and zram is known.
    @Test func thisMachine() throws {
        for entry in (try? BlockDeviceList.current())?.entries ?? [] {
            let flaw = try StorageFlaw.of(entry.number)
            if entry.name.hasPrefix("zram") { #expect(flaw == .memory(entry.name)) }
        }
    }

    @Test func aNumberThatIsNoDevices() throws {
        let tree = try Self.tree()
        let number = DeviceNumber(major: 9, minor: 9)
        #expect(try StorageFlaw.of(number, sysfs: tree.root, mounts: []) == nil)
    }
}
