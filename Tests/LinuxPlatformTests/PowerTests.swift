// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// What the kernel shows of its own hibernation, of devices that refused it, and of those who forbid
/// it.
@Suite struct PowerTests {
    @Test(arguments: [
        ("6.12.117-kresume", KernelVersion(6, 12, 117)), ("6.1.0-56-amd64", KernelVersion(6, 1)),
        ("6.17-rc3+", KernelVersion(6, 17)), ("7.0", KernelVersion(7, 0)),
        ("6.16.1", KernelVersion(6, 16, 1)), ("10.2.x", KernelVersion(10, 2)),
        ("6", nil), ("", nil), ("linux-6.12", nil), ("6.x.1", nil), ("6..1", nil),
        ("99999999999999999999.1", nil),
    ])
    func version(release: String, version: KernelVersion?) {
        #expect(KernelVersion(release: release) == version)
    }

    @Test func versionsAreOrdered() {
        let versions = [(5, 19, 17), (6, 1, 0), (6, 1, 192), (6, 12, 0), (6, 12, 117), (7, 0, 0)]
            .map { KernelVersion($0, $1, $2) }
        #expect(versions == versions.reversed().sorted())
        #expect(!(versions[0] < versions[0]))
        #expect(
            versions.map(\.description) == ["5.19.17", "6.1", "6.1.192", "6.12", "6.12.117", "7.0"])
    }

    @Test(arguments: [
        (nil, [], KernelHibernation.absent),
        ("platform [shutdown] reboot suspend test_resume\n", ["mem0"], .possible),
        ("[disabled]\n", [], .disabled(hasCXLMemory: false)),
        ("[disabled]\n", ["decoder0.0", "root0"], .disabled(hasCXLMemory: false)),
        ("[disabled]\n", ["root0", "mem1"], .disabled(hasCXLMemory: true)),
    ])
    func hibernation(disk: String?, cxl: [String], expected: KernelHibernation) throws {
        var files = ["bus/": ""]
        files["power/disk"] = disk
        for name in cxl { files["bus/cxl/devices/\(name)/"] = "" }
        let tree = try TemporaryTree(files)
        #expect(try KernelHibernation.current(sysfs: tree.root) == expected)
    }

    @Test func refusals() throws {
        var files = ["failed_freeze": "9\n", "fail": "9\n", "last_failed_dev": "0000:00:05.0\n"]
        for (index, step) in ["prepare", "suspend", "suspend_late", "suspend_noirq"].enumerated() {
            files["failed_\(step)"] = "\(1 << index)\n"
        }
        let tree = try TemporaryTree(
            Dictionary(
                uniqueKeysWithValues: files.map { ("power/suspend_stats/\($0)", $1) }))
        #expect(
            DeviceRefusals.current(sysfs: tree.root)
                == DeviceRefusals(
                    count: 15, last: "0000:00:05.0"))
        try tree.write(Array("x\n".utf8), to: "power/suspend_stats/failed_suspend")
        #expect(DeviceRefusals.current(sysfs: tree.root) == nil)
        #expect(DeviceRefusals.current(sysfs: tree.root.appending("none")) == nil)
    }

    /// What is chosen has brackets.
    @Test(arguments: [
        ("s2idle [deep]\n", true), ("[s2idle] deep\n", true), ("[s2idle]\n", false),
        ("s2idle shallow [deeper]\n", false), ("", false), (nil, false),
    ])
    func suspendingToMemory(modes: String?, isPossible: Bool) throws {
        var files = ["power/": "", "power/state": "mem\n"]
        files["power/mem_sleep"] = modes
        let tree = try TemporaryTree(files)
        #expect(SuspendToMemory.isPossible(sysfs: tree.root) == isPossible)
    }

    @Test func suspendingIsToMemory() throws {
        let tree = try TemporaryTree(["power/state": "", "power/mem_sleep": "[s2idle] deep\n"])
        try SuspendToMemory.run(sysfs: tree.root)
        #expect(try SystemFile.line(tree.root.appending("power/state")) == "mem")
        #expect(try SystemFile.text(tree.root.appending("power/mem_sleep")).hasPrefix("deep"))
    }

    @Test func watchdogs() throws {
        var files: [String: String] = [:]
        for (number, (name, state)) in [
            ("i6300ESB timer", "active"), ("iTCO_wdt", "active"), ("SP5100 TCO timer", "inactive"),
            ("Software Watchdog", "active"),
        ].enumerated() {
            let directory = "class/watchdog/watchdog\(number)"
            files["\(directory)/identity"] = name + "\n"
            files["\(directory)/state"] = state + "\n"
            files["\(directory)/timeout"] = "30\n"
        }
        // Of a kernel that does not show what they do.
        files["class/watchdog/watchdog9/dev"] = "10:130\n"
        let tree = try TemporaryTree(files)
        #expect(
            try Watchdog.counting(sysfs: tree.root) == [
                Watchdog(name: "i6300ESB timer", timeout: "30")
            ])
        #expect(try Watchdog.counting(sysfs: TemporaryTree().root) == [])
    }

    @Test func secretMemory() throws {
        let secret = "7f0000000000-7f0000001000 rw-s 00000000 00:0f 1   /secretmem (deleted)\n"
        let other = "7f0000000000-7f0000001000 rw-s 00000000 08:01 1   /tmp/secretmem (deleted)\n"
        let tree = try TemporaryTree([
            "1/maps": other, "1/comm": "init\n", "1/fd/": "",
            "20/maps": "\(other)\(secret)\(other)",
            "20/comm": "keys agent\n", "20/fd/": "", "300/maps": "", "300/comm": "opener\n",
            "300/fd/": "", "4/": "", "self/maps": secret, "sys/maps": secret,
            "5/maps": secret.replacingOccurrences(of: " (deleted)", with: ""), "5/fd/": "",
        ])
        for (link, target) in [
            ("1/fd/3", "/secretmem"), ("1/fd/4", "/tmp/secretmem (deleted)"),
            ("1/fd/5", "/secretmem (deleted)x"), ("300/fd/7", "/secretmem (deleted)"),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: tree.root.appending(link).string, withDestinationPath: target)
        }
        #expect(
            try Set(SecretMemory.users(proc: tree.root)) == ["keys agent (20)", "opener (300)"])
    }

    /// Nobody else is to notice: it is a file here.
    @Test func theNoticeEndsOnce() throws {
        let tree = try TemporaryTree()
        let device = try SnapshotDevice(path: tree.write([], to: "snapshot"))
        device.end()
        device.end()
        #expect(throws: PlatformError.self) {
            try SnapshotDevice(path: tree.root.appending("none"))
        }
    }
}
