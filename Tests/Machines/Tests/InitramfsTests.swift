// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// A Debian whose own tools made the initramfs. What these boots have in common with those of
/// other kinds of initramfs is tried with one kind only.
extension Machines {
    @Suite(.serialized) struct InitramfsTests {
        /// What looks like an image and is none: the boot goes on, and tells why. Behind the initramfs all
        /// boots are the same: one of them is seen to its end.
        @Test(arguments: System.Initramfs.allCases)
        func damagedImage(initramfs: System.Initramfs) throws {
            try Bench.use("damaged-\(initramfs)") { bench in
                let configuration = try Debian.configuration(bench, .test, initramfs)
                try damageSwap(configuration)
                let machine = try bench.start("machine", configuration)
                let words = "the image is damaged: there is no header at byte 4096"
                guard initramfs == .dracut else {
                    try machine.waitForConsole("EXT4-fs (vda1): mounted", limit: .seconds(300))
                    #expect(machine.console.contains("kresume: \(words)"))
                    return machine.kill()
                }
                try machine.waitUntilRunning()
                try machine.expectKresumeSays([words])
                // swapon has made it plain swap again.
                try machine.expect("swapon --show=NAME --noheadings", gives: "/dev/vda2")
                try machine.powerOff()
            }
        }

        /// Two machines at a time: one of them waits. The stock script waits longer than ours.
        @Test func noresumeAndAbsentDevice() throws {
            try Bench.use("not-resumed") { bench in
                var configuration = try Debian.configuration(bench, .test, .initramfsTools)
                var other = configuration
                other.disks = [Disk(try bench.copy(configuration.disks[0], as: "other"))]
                let device = "UUID=33333333-3333-3333-3333-333333333333"
                other.parameters = Debian.parameters(resume: device, "kresume.wait=2")
                let absent = try bench.start("absent", other)

                try damageSwap(configuration)
                configuration.parameters.append("noresume")
                let noresume = try bench.start("noresume", configuration)
                try noresume.waitForConsole("EXT4-fs (vda1): mounted", limit: .seconds(300))
                #expect(!noresume.console.contains("kresume: "))
                noresume.kill()

                try absent.waitUntilRunning()
                try absent.expectKresumeSays([
                    "waiting for the device \(device), 2 seconds at most; Enter goes on without it",
                    "there is no device \(device)",
                ])
                try absent.powerOff()
            }
        }

        /// One initramfs in both roles: it saves, and it restores. With dracut the image is in LUKS, which
        /// both kernels unlock; without systemd it is a swap file's, beneath LUKS, which none of them unlocks. All
        /// images are encrypted; the key has a passphrase, but with dracut without systemd.
        @Test func circles() throws {
            try Bench.use("initramfs-circles") { bench in
                var configuration = try Debian.configuration(bench, .test, .dracut)
                configuration.disks.append(Disk(try bench.ext4()))
                configuration.disks.append(Disk(try bench.disk("luks", size: 1536)))
                configuration.disks.append(Disk(try SavedImage.disk(in: bench)))
                // For initramfs-tools: the saver must not ask for this one's passphrase.
                configuration.parameters.append("cryptopts=target=inner,source=/dev/vdc,luks")
                var machine = try bench.start("first", configuration)
                configuration.parameters.removeLast()
                try machine.waitUntilRunning()
                // Nobody has asked for the one on the other disk.
                let said = try machine.run("journalctl -b -q -o cat SYSLOG_IDENTIFIER=kresume")
                let words =
                    "there is no image on \(Debian.swap), but there is one here (kresume resume "
                    + "/dev/vdd1 takes it): /dev/vdd1: kresume image, ready"
                #expect(said.output.hasPrefix(words) && !said.output.contains("\n"))
                // Who has the key can guess the passphrase.
                try machine.expect(
                    "stat -c %a /boot/initrd.img-* /boot/initrd-test-* | sort -u", gives: "600")
                try machine.startWork(memory: 16)
                let luks = LUKSSwap(disk: "/dev/vdc")
                try machine.expect(luks.create)
                try machine.expect(
                    "kresume hibernate --no-encrypt \(luks.path)",
                    gives:
                        "kresume: \(luks.path) is encrypted (inner), and the image would not be: kresume "
                        + "key create makes it encrypted by itself (--unlock-in-saver goes on without, "
                        + "and the saver kernel asks for the passphrase)",
                    status: 1)
                for initramfs in System.Initramfs.allCases {
                    configuration.system = .installed(.test, initramfs)
                    machine = try roundTrip(bench, machine, configuration, initramfs, luks)
                }
                try machine.stopWork()
                try bench.checkInstalledFileSystem(configuration.disks[0].path)
            }
        }
    }
}

private func roundTrip(
    _ bench: Bench, _ machine: Machine, _ configuration: Configuration,
    _ initramfs: System.Initramfs, _ luks: LUKSSwap
) throws -> Machine {
    let start = machine.console.count
    let request = machine.send(try hibernate(machine, initramfs, luks))
    if initramfs == .dracut { try luks.typePassphrase(machine) }
    try machine.waitForPowerOff(by: request, limit: .seconds(600))
    #expect(machine.console.contains(/kresume: hibernating to .*, encrypted/))
    var restore = configuration
    if initramfs == .dracut {
        restore.parameters = Debian.parameters(
            resume: "UUID=\(luks.swapUUID)", luks.parameters(for: initramfs))
    }
    if initramfs == .dracutPlain {
        // Where the image is in what LUKS is on, is in the command that takes it.
        let said = machine.console.dropFirst(start)
        let words = said.split(separator: "--offset=").dropFirst().first?.split(separator: " ")
        let offset = try #require(words?.first, "\(said)")
        restore.parameters = Debian.parameters(
            resume: "UUID=\(luks.uuid)", "resume_offset=\(offset)")
    }
    let back = try bench.start(initramfs.rawValue, restore)
    if initramfs == .dracut { try luks.typePassphrase(back) }
    if initramfs != .dracutPlain {
        try back.waitForConsole("Passphrase of the hibernation image:", limit: .seconds(300))
        back.type("right\n")
    }
    try back.expectSystem(backFrom: request)
    return back
}

/// Gives the swap partition an image's signature, and nothing else of an image.
private func damageSwap(_ configuration: Configuration) throws {
    let disk = try FileHandle(forWritingTo: URL(filePath: configuration.disks[0].path))
    defer { try? disk.close() }
    try disk.seek(toOffset: 1025 << 20 + 4086)
    try disk.write(contentsOf: Data("LINHIB0001".utf8))
}

/// The command by which a Debian hibernates. Its initramfs has the name that the distributions
/// with these tools give it; the one without systemd is nobody's.
private func hibernate(
    _ machine: Machine, _ initramfs: System.Initramfs, _ luks: LUKSSwap
) throws -> String {
    switch initramfs {
    case .initramfsTools:
        // As `systemctl hibernate` does it, which does not wait.
        let unit = "systemd-hibernate.service"
        return """
            mkdir /etc/systemd/system/\(unit).d && \
            ln -s /usr/share/kresume/systemd-hibernate.conf /etc/systemd/system/\(unit).d/ && \
            systemctl daemon-reload && systemctl start \(unit)
            """
    case .dracut:
        try machine.expect(
            "rm /boot/initrd.img-* && mv /boot/initrd-test-dracut /boot/initramfs-$(uname -r).img")
        return "kresume hibernate --unlock-in-saver "
            + "--saver-append=\(luks.parameters(for: initramfs)) \(luks.path)"
    case .dracutPlain:
        // It is open: a file in it.
        try machine.expect(
            """
            mkfs.ext4 -qF \(luks.path) && mount \(luks.path) /srv && cd /srv && \
            fallocate -l 900M swapfile && chmod 600 swapfile && mkswap -q swapfile
            """)
        return "kresume hibernate --saver-initrd=/boot/initrd-test-dracut-plain /srv/swapfile"
    }
}
