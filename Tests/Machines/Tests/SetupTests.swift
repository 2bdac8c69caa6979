// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// The package in a Debian without swap; `kresume setup`; what systemctl has for sleeping; and all of it taken
/// back. The longest ones: one after the other they would go on when all else is done.
extension Machines {
    @Suite struct SetupTests {
        /// In a Debian that is not started: what the package leaves when it is removed, and what the
        /// initramfs has of it.
        @Test(arguments: System.Suite.allCases) func packageComesAndGoes(suite: System.Suite) throws
        {
            #expect(
                try System.lifeOfPackage(suite) == """
                    before: 0
                    installed: 4
                    complaints: 0
                    resume initramfs: bin/kresume bin/cryptsetup
                    removed: 0
                    removed: the key is kept
                    left:
                    """)
        }

        /// Debian 13 has UEFI and systemd-boot here, and a root on btrfs; Debian 12 has GRUB and ext4: without UEFI,
        /// and without `resume=`, its systemd would not hibernate, were it newer. Each starts the resume initramfs,
        /// once.
        @Test(arguments: System.Suite.allCases) func systemctlHibernates(suite: System.Suite) throws
        {
            try Bench.use("setup-\(suite)") { bench in
                var configuration = try Debian.configuration(bench, .test, .initramfsTools, suite)
                let hasFirmware = suite == .trixie
                if hasFirmware {
                    configuration.disks = [Disk(try bench.installedBtrfsDisk(suite))]
                    configuration.board = .q35
                    configuration.firmware = .uefi(variables: try bench.uefiVariables())
                }
                configuration.disks.append(Disk(try bench.ext4()))
                configuration.disks.append(Disk(try bench.loaderDisk(uefi: hasFirmware)))
                configuration.parameters.removeAll { $0.hasPrefix("resume=") }
                let installer = try bench.start("install", configuration)
                try installer.waitUntilBooted()
                // As it is where nobody has thought of hibernation.
                try installer.expect(
                    "swapoff -a && sed -i /swap/d /etc/fstab && rm -r /etc/kresume")
                // With this loader systemd would take the swap partition by itself.
                let words =
                    Configuration.commonParameters + configuration.parameters
                    + ["systemd.gpt_auto=0"]
                let done = try installer.run(
                    hasFirmware
                        ? Self.systemdBoot(words)
                        : Self.grub(words.filter { !$0.hasPrefix("root=") }), limit: .seconds(300))
                #expect(done.status == 0, "\(done.output)")
                try installer.powerOff()

                configuration.bootDisk = 2
                let machine = try bench.start("first", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16)
                try machine.expect(Self.files + " >/var/tmp/before")
                try setUp(machine, configuration, hasFirmware: hasFirmware)

                try machine.expect(
                    "busctl call org.freedesktop.login1 /org/freedesktop/login1 "
                        + "org.freedesktop.login1.Manager CanHibernate", gives: "s \"yes\"")
                // The programs that systemd-sleep runs before and after.
                let hook = "/usr/lib/systemd/system-sleep/test"
                try machine.expect(
                    """
                    printf '#!/bin/sh\\necho $* $SYSTEMD_SLEEP_ACTION >>/run/hooks\\n' >\(hook) && \
                    chmod +x \(hook)
                    """)
                // As `systemctl hibernate` does it, which does not wait.
                let request = machine.send("systemctl start systemd-hibernate.service")
                try machine.waitForPowerOff(by: request, limit: .seconds(300))
                #expect(!machine.console.contains(" kresume.entry"))
                var back = try start(bench, "back", configuration, toBring: request)
                try back.expect(
                    "kresume status | grep -c 'hibernated to \(configuration.swapFile)'", gives: "1"
                )
                try expectHooks(back, ["hibernate hibernate"])
                // Once is enough: with the newer systemd.
                if hasFirmware { back = try sleepInOtherWays(bench, back, configuration) }
                try back.expect("rm \(hook)")
                // Debian 12: without an image, a boot by that entry goes on.
                if !hasFirmware { try back.expect("kresume setup --next-boot=resume") }
                try back.stopWork()

                let next = try bench.start("next", configuration)
                try next.waitUntilRunning()
                #expect(next.console.contains(configuration.rootIsMounted))
                #expect(next.console.contains(" kresume.entry") == !hasFirmware)
                try next.expect(
                    "grep -as '^next_entry' /boot/grub/grubenv || ls \(Self.oneShot) 2>/dev/null || :",
                    gives: hasFirmware ? "" : "next_entry=")
                // What it takes back is the same in both, and takes its time.
                if hasFirmware { try expectUndone(next) }
                try next.powerOff()
                if hasFirmware {
                    try bench.checkInstalledBtrfs(configuration.disks[0].path)
                } else {
                    try bench.checkInstalledFileSystem(configuration.disks[0].path)
                }
            }
        }

        /// A boot that brings back what was asked `request`.
        private func start(
            _ bench: Bench, _ name: String, _ configuration: Configuration,
            toBring request: Request
        ) throws -> Machine {
            let back = try bench.start(name, configuration)
            try back.waitForConsole("Passphrase of the hibernation image:", limit: .seconds(300))
            back.type("right\n")
            let reply = try back.waitForReturn(of: request)
            #expect(reply.status == 0, "\(reply.output)")
            #expect(!back.console.contains(configuration.rootIsMounted))
            #expect(back.console.contains(" kresume.entry"))
            try back.expectWorkIntact()
            try back.expect("swapon --show=NAME --noheadings", gives: configuration.swapFile)
            return back
        }

        /// What systemd-sleep has run: before and after each of these, and no more.
        private func expectHooks(_ machine: Machine, _ actions: [String]) throws {
            try machine.expect(
                "cat /run/hooks && rm /run/hooks",
                gives: actions.map { "pre \($0)\npost \($0)" }.joined(separator: "\n"))
        }

        /// `hybrid-sleep`, woken, and with the power lost; `suspend-then-hibernate`, which the clock wakes.
        private func sleepInOtherWays(
            _ bench: Bench, _ machine: Machine, _ configuration: Configuration
        ) throws -> Machine {
            let hybridSleep = "systemctl start systemd-hybrid-sleep.service"
            let kept = machine.send(hybridSleep)
            try machine.waitForSleep(by: kept)
            machine.wakeUp()
            let reply = try machine.waitForReply(to: kept, limit: .seconds(300))
            #expect(reply.status == 0, "\(reply.output)")
            try machine.expectWorkIntact()
            try machine.expect(
                "kresume status | grep -c 'the machine slept, and its memory was kept'", gives: "1")
            try machine.expect("swapon --show=NAME --noheadings", gives: configuration.swapFile)
            // Neither an image is left nor what tells the firmware of one.
            try machine.expect(
                """
                kresume locate; ls /sys/firmware/efi/efivars |
                    grep -E '^(LoaderEntryOneShot|HibernateLocation|KresumeImage)-' || :
                """)
            try expectHooks(machine, ["hybrid-sleep hybrid-sleep"])

            let lost = machine.send(hybridSleep)
            try machine.waitForSleep(by: lost, count: 2)
            machine.kill()
            let other = try start(bench, "lost", configuration, toBring: lost)
            try expectHooks(other, ["hybrid-sleep hybrid-sleep"])

            // Long enough for a busy host to fall asleep meanwhile.
            try other.expect(
                """
                mkdir -p /run/systemd/sleep.conf.d && \
                printf '[Sleep]\\nHibernateDelaySec=20s\\n' >/run/systemd/sleep.conf.d/test.conf
                """)
            let late = other.send("systemctl start systemd-suspend-then-hibernate.service")
            try other.waitForSleep(by: late)
            try other.waitForPowerOff(by: late)
            let last = try start(bench, "late", configuration, toBring: late)
            let both = "suspend-then-hibernate"
            try expectHooks(last, ["\(both) suspend", "\(both) hibernate"])
            return last
        }

        private func expectUndone(_ machine: Machine) throws {
            let undone = try machine.run("kresume setup --undo", limit: .seconds(900))
            #expect(undone.status == 0, "\(undone.output)")
            try machine.expect("\(Self.files) | diff /var/tmp/before -")
            try machine.expect("swapon --show=NAME --noheadings")
        }

        private func setUp(
            _ machine: Machine, _ configuration: Configuration, hasFirmware: Bool
        ) throws {
            let swapFile = configuration.swapFile
            let setup = "kresume setup --resume-initramfs --size=384M"
            let asked = try machine.run("echo n | \(setup)")
            #expect(asked.status == 1 && asked.output.hasSuffix("(--yes does not ask)."))
            let steps = [
                "make the swap file \(swapFile), 384 MiB", "make the key",
                "make systemctl hibernate use kresume",
                "make systemctl suspend-then-hibernate use kresume",
                "make systemctl hybrid-sleep use kresume",
                "make the initramfs again (update-initramfs -u)", "make an initramfs of Linux ",
            ]
            for step in steps { #expect(asked.output.contains(". \(step)"), "\(asked.output)") }
            // Else the one that hibernates leaves it in a variable of the firmware's.
            for step in ["say in /etc/kresume.conf", "say so on the kernel command line"] {
                #expect(asked.output.contains(". \(step)") == !hasFirmware, "\(asked.output)")
            }
            try machine.expect("\(Self.files) | diff /var/tmp/before -")

            let done = try machine.run(
                "printf 'right\\nright\\n' | \(setup) --yes", limit: .seconds(900))
            #expect(done.status == 0, "\(done.output)")
            try machine.expect("swapon --show=NAME --noheadings", gives: swapFile)
            if hasFirmware {
                try machine.expect("lsattr \(swapFile) | grep -c '^[^ ]*C'", gives: "1")
                try machine.expect("btrfs subvolume list -o / | grep -c 'path swap$'", gives: "1")
            }
            let check = try machine.run("kresume check")
            #expect(check.status == 0 && !check.output.contains("✗ device"), "\(check.output)")
            #expect(check.output.contains("✓ resume initramfs: "), "\(check.output)")
            // The saver's, which comes first.
            let small = hasFirmware ? "/efi/kresume/initrd" : "/boot/kresume-"
            #expect(check.output.contains("✓ initramfs: kresume is in \(small)"), "\(check.output)")
            let again = try machine.run("kresume setup")
            #expect(again.status == 0 && again.output.hasPrefix("All is set up."), "\(again)")
        }

        private static let oneShot =
            "/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

        /// As its package does where the system partition is mounted.
        private static func systemdBoot(_ words: [String]) -> String {
            """
            mkdir -p /efi /etc/kernel && echo '/dev/vdc1 /efi vfat umask=0077 0 0' >>/etc/fstab && \
            mount /efi && echo '\(words.joined(separator: " "))' >/etc/kernel/cmdline && \
            bootctl install --esp-path=/efi --no-variables && release=$(uname -r) && \
            kernel-install add $release /boot/vmlinuz-$release /boot/initrd.img-$release
            """
        }

        private static func grub(_ words: [String]) -> String {
            """
            printf 'GRUB_TIMEOUT=0\\nGRUB_TERMINAL=serial\\nGRUB_CMDLINE_LINUX="%s"\\n' \
                '\(words.joined(separator: " "))' >/etc/default/grub && \
            grub-install --target=i386-pc /dev/vdc && update-grub
            """
        }

        /// What setup changes, but for the initramfs.
        private static let files = """
            (cat /etc/fstab /etc/kresume.conf; find / -maxdepth 1; find /etc /boot /efi) 2>&1 | sort
            """
    }
}

extension Configuration {
    private var isOnBtrfs: Bool { board == .q35 }

    /// What setup makes.
    fileprivate var swapFile: String { isOnBtrfs ? "/swap/swapfile" : "/swapfile" }

    /// What the kernel says then.
    fileprivate var rootIsMounted: String {
        isOnBtrfs ? "BTRFS info (device vda1): first mount" : "EXT4-fs (vda1): mounted"
    }
}
