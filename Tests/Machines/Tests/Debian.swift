// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// UUIDs on the disk of prepare/debian-system.
enum Debian {
    static let root = "UUID=11111111-1111-1111-1111-111111111111"
    static let swap = "UUID=22222222-2222-2222-2222-222222222222"

    /// A machine with this system on its first disk, booting it with this initramfs. It has
    /// `resume=` for the swap partition unless another place is named.
    static func configuration(
        _ bench: Bench, _ kernel: System.Kernel, _ initramfs: System.Initramfs,
        _ suite: System.Suite = .bookworm
    ) throws -> Configuration {
        configuration(
            .installed(kernel, initramfs, suite), on: Disk(try bench.installedDisk(suite)))
    }

    /// The same with mkinitcpio.
    static func configuration(
        _ bench: Bench, _ kernel: System.Kernel, _ hooks: System.Hooks
    ) throws -> Configuration {
        configuration(
            .mkinitcpio(kernel, hooks), on: Disk(try bench.installedDisk(by: .mkinitcpio)))
    }

    /// The same with the newest dracut.
    static func dracut(
        _ bench: Bench, _ kernel: System.Kernel, _ initramfs: System.Initramfs
    ) throws -> Configuration {
        configuration(.dracut(kernel, initramfs), on: Disk(try bench.installedDisk(by: .dracut)))
    }

    private static func configuration(_ system: System, on disk: Disk) -> Configuration {
        var configuration = Configuration()
        configuration.memory = 1024
        // Debian loads a module for each of a processor's abilities; these few halve its boot.
        configuration.processorModel = "qemu64,-svm"
        configuration.system = system
        configuration.disks = [disk]
        configuration.parameters = parameters()
        return configuration
    }

    static func parameters(resume: String = swap, _ more: String...) -> [String] {
        ["printk.time=1", "root=\(root)", "resume=\(resume)"] + more
    }
}

/// A whole disk in LUKS2, as cryptsetup makes it, with a passphrase that does not take a guest long.
struct LUKS {
    /// The kernel's name for it.
    let disk: String
    /// Of what is inside, in /dev/mapper.
    let name: String
    let uuid = "44444444-4444-4444-4444-444444444444"

    var create: String {
        "printf secret | cryptsetup luksFormat -q --type luks2 --uuid \(uuid) --pbkdf argon2id "
            + "--pbkdf-memory 65536 --pbkdf-parallel 1 --pbkdf-force-iterations 4 \(disk) - 2>/dev/null"
    }

    /// It complains of the test kernel.
    var open: String {
        "printf secret | cryptsetup open --key-file - \(disk) \(name) 2>/dev/null"
    }
}

/// A swap area inside LUKS, on a disk of its own.
struct LUKSSwap {
    /// The kernel's name for it.
    let disk: String
    let path = "/dev/mapper/inner"
    let swapUUID = "55555555-5555-5555-5555-555555555555"
    private var luks: LUKS { LUKS(disk: disk, name: "inner") }
    var uuid: String { luks.uuid }

    /// The command that makes it, and opens it.
    var create: String {
        "\(luks.create) && \(luks.open) && mkswap -q -U \(swapUUID) \(path) 2>/dev/null"
    }

    /// What makes such an initramfs ask for the passphrase.
    func parameters(for initramfs: System.Initramfs) -> String {
        switch initramfs {
        case .initramfsTools: "cryptopts=target=inner,source=UUID=\(uuid)"
        case .dracut, .dracutPlain: "rd.luks.uuid=\(uuid)"
        }
    }

    /// Once somebody asks for it.
    func typePassphrase(_ machine: Machine) throws {
        try machine.waitForConsole("enter passphrase for disk", limit: .seconds(300))
        machine.type("secret\n")
    }
}

extension Machine {
    /// Waits for a booted system in which nothing failed.
    func waitUntilRunning(limit: Duration = .seconds(300)) throws {
        try waitUntilBooted(limit: limit)
        let reply = try run("systemctl is-system-running --wait", limit: limit)
        if reply.output != "running" {
            Issue.record("\(reply.output): \(try run("systemctl --failed").output)")
        }
    }

    /// Expects exactly these lines of kresume's in the journal of this boot, and those on the
    /// console.
    func expectKresumeSays(
        _ lines: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try expect(
            "journalctl -b -q -o cat SYSLOG_IDENTIFIER=kresume",
            gives: lines.joined(separator: "\n"), sourceLocation: sourceLocation)
        for line in lines {
            #expect(console.contains("kresume: " + line), sourceLocation: sourceLocation)
        }
        #expect(
            console.contains("kresume: ") == !lines.isEmpty, sourceLocation: sourceLocation)
    }
}
