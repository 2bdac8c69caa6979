// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

@Suite struct DeviceSpecificationTests {
    @Test(
        arguments: [
            ("/dev/sda2", .path("/dev/sda2")), ("'/dev/my disk'", .path("/dev/my disk")),
            ("UUID=0a-b", .tag(.uuid, "0a-b")), ("LABEL=\"my swap\"", .tag(.label, "my swap")),
            ("LABEL='x'", .tag(.label, "x")), ("PARTUUID=00ff-01", .tag(.partitionUUID, "00ff-01")),
            ("PARTLABEL=a=b", .tag(.partitionLabel, "a=b")),
            ("8:2", .number(.init(major: 8, minor: 2))),
            (" /dev/sda2\n", .path("/dev/sda2")), ("image.bin", .path("image.bin")),
            ("uuid=x", .path("uuid=x")), ("LABEL=\"xyz", nil), ("LABEL=\"", nil),
            ("LABEL=\"\"", nil),
            ("UUID=", nil), ("", nil), ("  ", nil), ("\"\"", nil),
        ] as [(String, DeviceSpecification?)])
    func parsing(_ text: String, _ expected: DeviceSpecification?) {
        #expect(DeviceSpecification(text) == expected)
    }

    @Test(
        arguments: [
            ("/dev/disk/by-uuid/0a-b", .tag(.uuid, "0a-b")),
            ("/dev/disk/by-label/my\\x20swap", .tag(.label, "my swap")),
            ("/dev/disk/by-partlabel/x\\xzz", .tag(.partitionLabel, "x\\xzz")),
            ("/dev/disk/by-id/x", nil), ("/dev/disk/by-uuid", nil), ("/dev/sda", nil),
            ("/dev/disk/by-uuid/a/b", nil),
        ] as [(FilePath, DeviceSpecification?)])
    func udevLinks(_ path: FilePath, _ expected: DeviceSpecification?) {
        #expect(DeviceSpecification(udevLink: path) == expected)
    }

    @Test func matching() {
        var contents = DeviceContents(
            superblock: .one(.init(type: "swap", uuid: "AB-cd", label: "Swap")))
        contents.partitionUUID = "00FF-01"
        contents.partitionLabel = "Part"
        let cases: [(DeviceSpecification.Tag, String, Bool)] = [
            (.uuid, "ab-CD", true), (.uuid, "ab", false), (.label, "Swap", true),
            (.label, "swap", false), (.partitionUUID, "00ff-01", true),
            (.partitionLabel, "Part", true), (.partitionLabel, "Swap", false),
        ]
        for (tag, value, expected) in cases {
            #expect(tag.matches(value, contents) == expected, "\(tag) \(value)")
        }
        #expect(!DeviceSpecification.Tag.uuid.matches("ab-cd", .init(superblock: .ambivalent)))
    }

    @Test func aMirrorIsPreferredToItsMembers() {
        func entry(_ name: String, _ holders: [String] = []) -> BlockDeviceList.Entry {
            BlockDeviceList.Entry(
                name: name, path: FilePath("/dev/\(name)"), number: .init(major: 8, minor: 0),
                size: 1, holders: holders, isPartition: false, hasPartitions: false,
                isReadOnly: false)
        }
        let members = [entry("sda1", ["md0"]), entry("sdb1", ["md0"])]
        let mirror = entry("md0")
        #expect(DeviceSpecification.choice(among: members + [mirror]) == .found("/dev/md0"))
        #expect(DeviceSpecification.choice(among: [members[0]]) == .found("/dev/sda1"))
        #expect(DeviceSpecification.choice(among: []) == .notFound)
        #expect(
            DeviceSpecification.choice(among: [mirror, entry("sdc")])
                == .several(["/dev/md0", "/dev/sdc"]))
    }

    @Test func lookupOfPaths() throws {
        let tree = try TemporaryTree(["image": "x"])
        let path = tree.root.appending("image")
        #expect(try LinuxMachine().lookUp(DeviceSpecification.path(path)) == .found(path))
        #expect(try LinuxMachine().lookUp(DeviceSpecification.path("/nowhere/at/all")) == .notFound)
        #expect(
            try LinuxMachine().lookUp(DeviceSpecification.number(.init(major: 4095, minor: 77)))
                == .notFound)
    }
}
