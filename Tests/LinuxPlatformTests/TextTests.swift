// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import PhysicalMemory
import SystemPackage
import Testing

@testable import LinuxPlatform

@Suite struct TextTests {
    @Test(arguments: [
        ("/dev/sda2", "/dev/sda2"), ("/swap\\040file", "/swap file"), ("a\\134b", "a\\b"),
        ("\\011", "\t"), ("\\04", "\\04"), ("\\999x", "\\999x"), ("", ""),
        ("\\303\\251", "é"),
    ])
    func octal(_ escaped: String, _ plain: String) { #expect(escaped.octalUnescaped == plain) }

    @Test(
        arguments: [
            ("0x1af4", 0x1af4), ("ff", 255), ("0x", nil), ("", nil), ("-1", nil), ("+1", nil),
            ("0xg", nil), ("0x10000000000000000", nil), ("0xffffffffffffffff", UInt64.max),
        ] as [(String, UInt64?)])
    func hexadecimal(_ text: String, _ value: UInt64?) { #expect(text.hexadecimal == value) }

    @Test(
        arguments: [
            ("8:2", DeviceNumber(major: 8, minor: 2)),
            ("259:1048575", .init(major: 259, minor: 0xfffff)),
            ("4096:0", nil), ("8:1048576", nil), ("8", nil), ("8:", nil), (":2", nil),
            ("8:2:1", nil),
            ("-8:2", nil), ("+8:2", nil), ("a:b", nil), ("", nil),
        ] as [(String, DeviceNumber?)])
    func deviceNumber(_ text: String, _ number: DeviceNumber?) {
        #expect(DeviceNumber(text) == number)
    }

    @Test(
        arguments: [
            ("none [integrity] confidentiality", .integrity),
            ("[none] integrity confidentiality", .off),
            ("none integrity [confidentiality]", .confidentiality), ("none integrity", nil),
            ("[other]", nil), ("none [integrity_ none", nil), ("", nil),
        ] as [(String, Lockdown?)])
    func lockdown(_ line: String, _ level: Lockdown?) { #expect(Lockdown.parse(line) == level) }

    @Test func capabilities() {
        let text = "Name:\tcat\nCapPrm:\t0000000000000000\nCapEff:\t0000000000400000\n"
        #expect(Capabilities.parse(status: text) == .systemBoot)
        #expect(Capabilities.parse(status: "CapEff:\t0000000000200000\n") == .systemAdministration)
        #expect(Capabilities.parse(status: "CapPrm:\t1\n") == nil)
        #expect(Capabilities.parse(status: "CapEff:\tx\n") == nil)
    }

    @Test func keptPages() {
        let zone = """
              pages free     3840
                    nr_inactive_anon 0
              pagesets
                cpu: 0
                          count:    7
                          high:     8
              vm stats threshold: 2
                cpu: 1
                          count:    100
                          high:     8

            """
        #expect(PageLists.pageCount(of: 0, zoneinfo: zone) == 7)
        #expect(PageLists.pageCount(of: nil, zoneinfo: zone) == 107)
        #expect(PageLists.pageCount(of: 0, zoneinfo: "Node 0\n" + zone + "Node 1\n" + zone) == 14)
        #expect(PageLists.pageCount(of: 0, zoneinfo: "cpu: 0\ncount: x\ncount: -1") == 0)
        #expect(PageLists.pageCount(of: 0, zoneinfo: "") == 0)
    }

    @Test(arguments: [
        ("flags\t\t: fpu la57 vme\nflags\t: fpu", 5), ("flags\t\t: fpu vme", 4),
        ("model name\t: la57\nflags\t\t: fpu", 4), ("flags\t\t: fpu la57x", 4), ("", 4),
    ])
    func pagingLevels(_ cpuinfo: String, _ depth: UInt32) {
        #expect(KernelInfo.pagingDepth(cpuinfo: cpuinfo).rawValue == depth)
    }

    /// They look used, and can be had.
    @Test func keptPagesAreFree() {
        var info = MemoryInfo(total: 1000, free: 100, available: 200)
        info.add(setAside: 50)
        #expect([info.free, info.available, info.used, info.setAside] == [150, 250, 850, 50])
    }

    @Test func memory() throws {
        let text = "MemTotal:  2 kB\nMemFree: 1 kB\nMemAvailable: 3 kB\nHugePages_Total:  0\n"
        #expect(
            try MemoryInfo.parse(text) == MemoryInfo(total: 2048, free: 1024, available: 3072))
        for (bad, line) in [
            ("MemTotal: 2 kB\nMemFree: 1 kB\n", 1),
            ("MemTotal: 2 kB\nMemFree: x kB\nMemAvailable: 3 kB\n", 2),
            ("MemTotal: 18446744073709551615 kB\nMemFree: 1 kB\nMemAvailable: 3 kB\n", 1),
        ] {
            #expect(throws: PlatformError.malformed(path: "/proc/meminfo", line: line)) {
                try MemoryInfo.parse(bad)
            }
        }
    }

    @Test func logRecord() {
        #expect(KernelLog.record(.warning, "a\nb\u{1b}c") == Array("<4>kresume: a b c\n".utf8))
        let long = KernelLog.record(.error, String(repeating: "é", count: 2000))
        #expect(long.count == 961 || long.count == 960)
        #expect(String(validating: long, as: UTF8.self)?.hasSuffix("éé\n") == true)
    }

    @Test(
        arguments: [
            (["IR-IO-APIC", "IR-PCI-MSI-0000:00:1f.2", "DMAR-MSI"], .on),
            (["IO-APIC", "PCI-MSIX-0000:00:01.0", ""], .off), (["DMAR-MSI", "IO-APIC"], .off),
            (["XT-PIC"], nil), ([], nil),
        ] as [([String], InterruptRemapping?)])
    func interruptRemapping(_ chips: [String], _ expected: InterruptRemapping?) {
        #expect(InterruptRemapping.from(chipNames: chips) == expected)
    }

    @Test(
        arguments: [
            ("SMBIOS=0x1\nACPI=0x7f77e000\nACPI20=0x7f77e014\n", 0x7f77_e014),
            ("ACPI=0x7f77e000\n", 0x7f77_e000), ("ACPI20=0x0\nACPI=0x10\n", 0x10),
            ("SMBIOS=0x1\n", nil), ("ACPI20=zzz\n", nil), ("", nil),
        ] as [(String, UInt64?)])
    func rootPointer(_ systab: String, _ address: UInt64?) {
        #expect(Firmware.rootPointer(systab: systab)?.rawValue == address)
    }
}
