// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import PhysicalMemory
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// Readers of sysfs, on directories that look like it.
@Suite struct FirmwareVariableTests {
    @Test func readsOneAndTakesItAway() throws {
        let tree = try TemporaryTree(["Name-guid": "1234value"])
        #expect(
            try EFIVariable.read("Name-guid", limit: 99, in: tree.root) == Array("1234value".utf8))
        #expect(try EFIVariable.read("Name-guid", limit: 5, in: tree.root) == Array("1234v".utf8))
        try tree.write([], to: "Gone-guid")
        #expect(try EFIVariable.read("Gone-guid", limit: 99, in: tree.root) == nil)
        try EFIVariable.remove("Name-guid", in: tree.root)
        #expect(try EFIVariable.read("Name-guid", limit: 99, in: tree.root) == nil)
        try EFIVariable.remove("Name-guid", in: tree.root)
    }

    @Test func writesOne() throws {
        let tree = try TemporaryTree(["There-guid": "1234old"])
        for name in ["There-guid", "New-guid"] {
            let bytes = Array("5678value".utf8)
            try EFIVariable.write(bytes, to: name, in: tree.root)
            #expect(try EFIVariable.read(name, limit: 99, in: tree.root) == bytes)
        }
        let nowhere = tree.root.appending("nowhere")
        #expect(
            throws: PlatformError.call(.open, path: nowhere.appending("x"), .noSuchFileOrDirectory)
        ) { try EFIVariable.write([7, 0, 0, 0], to: "x", in: nowhere) }
    }

    @Test(arguments: [
        ("ID=debian\n", "debian"), ("NAME=\"x\"\nID=\"a b\" \n", "a b"), ("ID='x'", "x"),
        ("ID=1\nID=2", "2"), ("ID=\"", "\""), ("ID=", ""), ("IDS=1\nXID=2\n#ID=3", nil), ("", nil),
        ("ID=\"open", nil),
    ])
    func osRelease(text: String, value: String?) {
        #expect(OSRelease.value("ID", in: text) == value)
    }
}

@Suite struct SystemTreeTests {
    private static func disk(
        _ name: String, _ number: String, size: String = "8", _ more: [String: String] = [:]
    ) -> [String: String] {
        var files = ["dev": number + "\n", "size": size + "\n", "ro": "0\n", "holders/": ""]
        files.merge(more) { $1 }
        return Dictionary(
            uniqueKeysWithValues: files.map { ("class/block/\(name)/\($0.key)", $0.value) })
    }

    @Test func blockDevices() throws {
        let tree = try TemporaryTree(
            [
                Self.disk("sda", "8:0", ["sda1/partition": "1\n"]),
                Self.disk("sda1", "8:1", ["partition": "1\n", "holders/dm-0/": "", "ro": "1\n"]),
                Self.disk("cciss!c0d0", "104:0", size: "16"),
                Self.disk("dm-0", "253:0", ["dm/suspended": "0\n"]),
                Self.disk("dm-1", "253:1", ["dm/suspended": "1\n"]),
                Self.disk("empty", "8:16", size: "0"),
                Self.disk("fd0", "2:0"), Self.disk("sr0", "11:0"),
                Self.disk("loop0", "7:0"),
                Self.disk("loop1", "7:1", ["loop/backing_file": "/x\n"]),
                Self.disk("nvme0c0n1", "0:0", ["hidden": "1\n"]),
                Self.disk("strange", "x"),
            ].reduce(into: [:]) { $0.merge($1) { $1 } })
        let list = try BlockDeviceList.current(sysfs: tree.root, nodes: "/nodes")
        #expect(list.entries.map(\.name) == ["cciss!c0d0", "dm-0", "loop1", "sda", "sda1"])
        #expect(list.topmost.map(\.name) == ["cciss!c0d0", "dm-0", "loop1", "sda"])
        #expect(list.entries[0].path == "/nodes/cciss/c0d0")
        #expect(list.entries[0].size == 8192)
        #expect(list.entries[3].hasPartitions && !list.entries[3].isPartition)
        #expect(!list.entries[3].isReadOnly)
        let partition = BlockDeviceList.Entry(
            name: "sda1", path: "/nodes/sda1", number: .init(major: 8, minor: 1), size: 4096,
            holders: ["dm-0"], isPartition: true, hasPartitions: false, isReadOnly: true)
        #expect(list.entries[4] == partition)
    }

    /// A partition's is its disk's, in whose directory it lies; kernels before 5.15 have none.
    @Test func diskSequence() throws {
        let tree = try TemporaryTree(
            [
                Self.disk("sda", "8:0", ["diskseq": "17\n", "sda1/partition": "1\n"]),
                Self.disk("sdb", "8:16"),
                ["dev": "8:1\n", "size": "8\n", "partition": "1\n", "holders/": ""].reduce(
                    into: [:]
                ) { $0["class/block/sda/sda1/\($1.key)"] = $1.value },
            ].reduce(into: [:]) { $0.merge($1) { $1 } })
        try FileManager.default.createSymbolicLink(
            atPath: tree.root.appending("class/block/sda1").string, withDestinationPath: "sda/sda1")
        let list = try BlockDeviceList.current(sysfs: tree.root, nodes: "/nodes")
        #expect(list.entries.map(\.name) == ["sda", "sda1", "sdb"])
        #expect(list.entries.map(\.diskSequence) == [17, 17, nil])
    }

    /// A logical volume on LUKS on a partition, and what else mappings are made of.
    @Test(arguments: [
        ("253:1", "inner"), ("253:0", "inner"), ("253:2", "inner"), ("8:1", nil), ("8:0", nil),
        ("253:3", nil), ("9:9", nil),
    ])
    func encryption(number: String, name: String?) throws {
        let numbers = [
            "sda": "8:0", "sda1": "8:1", "dm-0": "253:0", "dm-1": "253:1", "dm-2": "253:2",
            "dm-3": "253:3",
        ]
        let tree = try TemporaryTree([
            "class/block/sda1/partition": "1\n",
            "class/block/dm-0/dm/uuid": "CRYPT-LUKS2-0123-inner\n",
            "class/block/dm-0/dm/name": "inner\n", "class/block/dm-0/slaves/sda1/": "",
            "class/block/dm-1/dm/uuid": "LVM-0123\n", "class/block/dm-1/slaves/sdb/": "",
            "class/block/dm-1/slaves/dm-0/": "",
            "class/block/dm-2/slaves/dm-1/": "",
            "class/block/dm-3/dm/uuid": "CRYPT-VERITY-0123-usr\n",
            "class/block/dm-3/slaves/dm-3/": "", "dev/block/": "",
        ])
        for (name, number) in numbers {
            try FileManager.default.createSymbolicLink(
                atPath: tree.root.appending("dev/block/\(number)").string,
                withDestinationPath: "../../class/block/\(name)")
        }
        let device = try #require(DeviceNumber(number))
        #expect(try DiskEncryption.mapping(of: device, sysfs: tree.root) == name)
    }

    /// What lies below mappings of LUKS2, and of nothing else.
    @Test func unlockedDevices() throws {
        let tree = try TemporaryTree([
            "class/block/sda/size": "8\n",
            "class/block/dm-0/dm/uuid": "CRYPT-LUKS2-0123-a\n", "class/block/dm-0/slaves/sda1/": "",
            "class/block/dm-1/dm/uuid": "LVM-0123\n", "class/block/dm-1/slaves/sdb/": "",
            "class/block/dm-2/dm/uuid": "CRYPT-LUKS1-0123-b\n", "class/block/dm-2/slaves/sdc/": "",
            "class/block/dm-3/dm/uuid": "CRYPT-LUKS2-0124-c\n", "class/block/dm-3/slaves/dm-1/": "",
        ])
        #expect(
            try DiskEncryption.unlockedDevices(sysfs: tree.root) == ["/dev/sda1", "/dev/dm-1"])
    }

    @Test(arguments: [
        ("0\n", 1), ("0-3\n", 4), ("0-3,5,8-9\n", 7), ("", nil), ("x\n", nil), ("3-1\n", nil),
        ("0-1-2\n", nil), ("-1\n", nil), ("0-99999999\n", nil),
    ])
    func presentCPUs(text: String, count: Int?) throws {
        let tree = try TemporaryTree(["devices/system/cpu/present": text])
        let found = try? CPU.presentCount(sysfs: tree.root)
        #expect(found == count)
    }

    /// Of a disk that is a mapping: the link in /sys/class/block leads below it.
    @Test func encryptionBelowAPartition() throws {
        let tree = try TemporaryTree([
            "devices/dm-0/dm/uuid": "CRYPT-PLAIN-inner\n", "devices/dm-0/dm/name": "inner\n",
            "devices/dm-0/dm-0p1/partition": "1\n", "dev/block/": "",
        ])
        try FileManager.default.createSymbolicLink(
            atPath: tree.root.appending("dev/block/259:0").string,
            withDestinationPath: "../../devices/dm-0/dm-0p1")
        let device = DeviceNumber(major: 259, minor: 0)
        #expect(try DiskEncryption.mapping(of: device, sysfs: tree.root) == "inner")
    }

    @Test func acpiTables() throws {
        let tree = try TemporaryTree([
            "firmware/acpi/tables/DSDT": "two", "firmware/acpi/tables/APIC": "one",
            "firmware/acpi/tables/dynamic/SSDT9": "loaded later", "firmware/acpi/tables/data/": "",
        ])
        #expect(
            try ACPITable.all(sysfs: tree.root) == [
                ACPITable(name: "APIC", bytes: Array("one".utf8)),
                ACPITable(name: "DSDT", bytes: Array("two".utf8)),
            ])
        #expect(try ACPITable.all(sysfs: TemporaryTree([:]).root).isEmpty)
    }

    @Test func memoryMapIsInNumericOrder() throws {
        var files: [String: String] = [:]
        for index in 0..<12 {
            files["firmware/memmap/\(index)/start"] = "0x\(String(index, radix: 16))000\n"
            files["firmware/memmap/\(index)/end"] = "0x\(String(index, radix: 16))fff\n"
            files["firmware/memmap/\(index)/type"] =
                index == 3 ? "Unknown E820 type\n" : "System RAM\n"
        }
        let tree = try TemporaryTree(files)
        let map = try Firmware.memoryMap(sysfs: tree.root)
        #expect(map.entries.map(\.range.start.rawValue) == (0..<12).map { $0 << 12 })
        #expect(map.entries[3].type == .reserved && map.entries[4].type == .ram)

        files["firmware/memmap/7/end"] = "0x0\n"
        let broken = try TemporaryTree(files)
        #expect(
            throws: PlatformError.malformed(
                path: broken.root.appending("firmware/memmap/7"), line: 1)
        ) { try Firmware.memoryMap(sysfs: broken.root) }
    }

    private static func device(_ address: String, _ name: String = "0x2922") -> [String: String] {
        let path = "bus/pci/devices/\(address)"
        return [
            "\(path)/vendor": "0x8086\n", "\(path)/device": "\(name)\n",
            "\(path)/class": "0x010601\n", "\(path)/subsystem_vendor": "0x1af4\n",
            "\(path)/subsystem_device": "0x0001\n",
        ]
    }

    @Test func invariants() throws {
        let range = "firmware/efi/runtime-map"
        let tree = try TemporaryTree(
            [
                Self.device("0000:00:1f.2"), Self.device("0000:00:02.0", "0x1"),
                Self.device("10000:00:02.0"), Self.device("0000:03:10.0"),
                ["bus/pci/devices/0000:03:10.0/physfn/": ""],
                ["kernel/irq/9/chip_name": "IR-IO-APIC\n", "kernel/irq/1/chip_name": ""],
                [
                    "\(range)/0/type": "0x6\n", "\(range)/0/phys_addr": "0x9000\n",
                    "\(range)/0/virt_addr": "0xfffffffefec00000\n",
                    "\(range)/0/num_pages": "0x80\n", "\(range)/0/attribute": "0xf\n",
                    "\(range)/1/type": "0x5\n", "\(range)/1/phys_addr": "0x1000\n",
                    "\(range)/1/virt_addr": "0x0\n", "\(range)/1/num_pages": "0x1\n",
                    "\(range)/1/attribute": "0x800000000000000f\n",
                    "\(range)/2/type": "0x4\n", "\(range)/2/phys_addr": "0x5000\n",
                    "\(range)/2/virt_addr": "0xfffffffefcbae000\n",
                    "\(range)/2/num_pages": "0x2a\n",
                    "\(range)/2/attribute": "0x800000000000000f\n",
                ],
                ["firmware/acpi/tables/FACS": "FACS\u{40}\0\0\0\u{1}\u{2}\u{3}\u{4}...."],
            ].reduce(into: [:]) { $0.merge($1) { $1 } })
        #expect(
            try Invariants.lines(sysfs: tree.root) == [
                "pci 0000:00:02.0 8086:0001 class 010601 subsystem 1af4:0001",
                "pci 0000:00:1f.2 8086:2922 class 010601 subsystem 1af4:0001",
                "interrupt-remapping on",
                "efi-runtime 0x1000 pages 0x1 virtual 0x0 type 5 attribute 0x800000000000000f",
                "efi-runtime 0x9000 pages 0x80 virtual 0xfffffffefec00000 type 6 attribute 0xf",
                "facs 0x4030201",
            ])
        let empty = try TemporaryTree()
        #expect(try Invariants.lines(sysfs: empty.root).isEmpty)
    }

    @Test(arguments: [
        ("bus/pci/devices/0000:00:02.0/device", "no number"),
        ("firmware/acpi/tables/FACS", "FAC"), ("firmware/acpi/tables/FACS", "DSDT12345678"),
    ])
    func malformed(_ name: String, _ contents: String) throws {
        let tree = try TemporaryTree(Self.device("0000:00:02.0").merging([name: contents]) { $1 })
        #expect(
            throws: PlatformError.malformed(path: tree.root.appending(name), line: 1)
        ) { try Invariants.lines(sysfs: tree.root) }
    }
}
