// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// A Debian whose own tools made the initramfs.
extension Machines {
    @Suite(.serialized) struct InitramfsTests {
        /// Without an image nobody notices kresume.
        @Test(arguments: System.Initramfs.allCases)
        func noImage(initramfs: System.Initramfs) throws {
            try withDebian("no-image-\(initramfs)", .stock, initramfs) { bench, configuration in
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilRunning()
                try expectKresumeSays(machine, [])
                #expect(!machine.console.contains("kresume: "))
                // It was there to say something.
                try machine.expect("swapon --show=NAME --noheadings", gives: "/dev/vda2")
                try machine.powerOff()
            }
        }

        /// What looks like an image and is none: the boot goes on, and tells why.
        @Test(arguments: System.Initramfs.allCases)
        func damagedImage(initramfs: System.Initramfs) throws {
            try withDebian("damaged-\(initramfs)", .test, initramfs) { bench, configuration in
                try damageSwap(configuration)
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilRunning()
                try expectKresumeSays(machine, [damaged])
                #expect(machine.console.contains("kresume: " + damaged))
                // swapon has made it plain swap again.
                try machine.expect("swapon --show=NAME --noheadings", gives: "/dev/vda2")
                try machine.powerOff()
            }
        }

        @Test func noresume() throws {
            try withDebian("noresume", .test, .initramfsTools) { bench, configuration in
                try damageSwap(configuration)
                var configuration = configuration
                configuration.parameters.append("noresume")
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilRunning()
                try expectKresumeSays(machine, [])
                try machine.powerOff()
            }
        }

        /// `resume=` names what never comes: the boot goes on after the time given.
        @Test func deviceIsAbsent() throws {
            try withDebian("absent", .test, .initramfsTools) { bench, configuration in
                var configuration = configuration
                let device = "UUID=33333333-3333-3333-3333-333333333333"
                configuration.parameters.removeAll { $0.hasPrefix("resume=") }
                configuration.parameters += ["resume=\(device)", "kresume.wait=2"]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilRunning()
                try expectKresumeSays(
                    machine,
                    [
                        "waiting for the device \(device), 2 seconds at most; Enter goes on "
                            + "without it",
                        "there is no device \(device)",
                    ])
                try machine.powerOff()
            }
        }

        /// One initramfs in both roles: it saves, and it restores.
        @Test(arguments: System.Initramfs.allCases)
        func circle(initramfs: System.Initramfs) throws {
            try withDebian("circle-\(initramfs)", .test, initramfs) { bench, configuration in
                var configuration = configuration
                configuration.disks.append(Disk(try bench.ext4()))
                let first = try bench.start("first", configuration)
                try first.waitUntilRunning()
                try first.startWork(memory: 16)
                let (second, reply) = try bench.circle(
                    first, by: try hibernate(first, initramfs), restore: configuration,
                    as: "second", limit: .seconds(600))
                #expect(reply.status == 0, "\(reply.output)")
                // The restore kernel has seen the root file system, and left it alone.
                #expect(!second.console.contains("EXT4-fs (vda1): mounted"))
                try second.expectWorkIntact()
                try second.expect("swapon --show=NAME --noheadings", gives: "/dev/vda2")
                try second.expect("systemctl is-system-running", gives: "running")
                try second.stopWork()
                try bench.checkInstalledFileSystem(configuration.disks[0].path)
            }
        }
    }
}

private let damaged = "the image is damaged: there is no header at byte 4096"

/// Gives the swap partition an image's signature, and nothing else of an image.
private func damageSwap(_ configuration: Configuration) throws {
    let disk = try FileHandle(forWritingTo: URL(filePath: configuration.disks[0].path))
    defer { try? disk.close() }
    try disk.seek(toOffset: 1025 << 20 + 4086)
    try disk.write(contentsOf: Data("LINHIB0001".utf8))
}

/// The command by which a Debian hibernates. Its initramfs has the name that the distributions
/// with these tools give it; the one without systemd is nobody's.
private func hibernate(_ machine: Machine, _ initramfs: System.Initramfs) throws -> String {
    switch initramfs {
    case .initramfsTools: return "kresume hibernate"
    case .dracut:
        try machine.expect(
            "rm /boot/initrd.img-* && mv /boot/initrd-test-dracut /boot/initramfs-$(uname -r).img")
        return "kresume hibernate"
    case .dracutPlain:
        return "kresume hibernate --saver-initrd=/boot/initrd-test-dracut-plain"
    }
}

/// Gives a machine with a Debian on its first disk.
private func withDebian(
    _ name: String, _ kernel: System.Kernel, _ initramfs: System.Initramfs,
    _ body: (Bench, Configuration) throws -> Void
) throws {
    try Bench.use(name) { bench in
        var configuration = Configuration()
        configuration.memory = 1024
        configuration.system = .installed(kernel, initramfs)
        configuration.disks = [Disk(try bench.installedDisk())]
        configuration.parameters = [
            "root=UUID=11111111-1111-1111-1111-111111111111",
            "resume=UUID=22222222-2222-2222-2222-222222222222",
        ]
        try body(bench, configuration)
    }
}

/// Expects exactly these lines of kresume's in the journal of this boot.
private func expectKresumeSays(
    _ machine: Machine, _ lines: [String], sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try machine.expect(
        "journalctl -b -q -o cat SYSLOG_IDENTIFIER=kresume",
        gives: lines.joined(separator: "\n"), sourceLocation: sourceLocation)
}

extension Machine {
    /// Waits for a booted system in which nothing failed.
    fileprivate func waitUntilRunning(limit: Duration = .seconds(300)) throws {
        try waitUntilBooted(limit: limit)
        let reply = try run("systemctl is-system-running --wait", limit: limit)
        if reply.output != "running" {
            Issue.record("\(reply.output): \(try run("systemctl --failed").output)")
        }
    }
}
