// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// A Debian 13 whose initramfs mkinitcpio has made, with busybox hooks and with systemd hooks.
extension Machines {
    @Suite(
        .serialized,
        .enabled(
            if: System.Tool.mkinitcpio.checkout != nil,
            "mkinitcpio itself is not run: no checkout is named (make test MKINITCPIO=/path/to/it)")
    )
    struct RealMkinitcpioTests {
        /// Debian's own hibernation and its stock kernel.
        @Test func stockCircles() throws {
            try Bench.use("mkinitcpio-stock") { bench in
                var configuration = try Debian.configuration(bench, .stock, .busybox)
                configuration.disks.append(Disk(try bench.ext4()))
                var machine = try bench.start("first", configuration)
                try machine.waitUntilRunning()
                // Without an image nobody notices kresume.
                try machine.expectKresumeSays([])
                try machine.startWork(memory: 16)
                for hooks in System.Hooks.allCases {
                    configuration.system = .mkinitcpio(.stock, hooks)
                    // Waits, unlike systemctl hibernate, which does the same.
                    machine = try roundTrip(
                        bench, machine, "systemctl start hibernate.target", configuration,
                        as: hooks.rawValue,
                        whileOff: {
                            try expectNobodyResumes(
                                bench, configuration, as: "changed-\(hooks.rawValue)")
                        })
                }
                try machine.stopWork()
                try bench.checkInstalledFileSystem(configuration.disks[0].path)
            }
        }

        /// One initramfs in both roles: it saves, and it restores.
        @Test func ownCircles() throws {
            try Bench.use("mkinitcpio-circles") { bench in
                var configuration = try Debian.configuration(bench, .test, .systemd)
                configuration.disks.append(Disk(try bench.ext4()))
                var machine = try bench.start("first", configuration)
                try machine.waitUntilRunning()
                try machine.expectKresumeSays([])
                try machine.startWork(memory: 16)
                for key in System.Key.allCases {
                    if key == .passphrase {
                        try machine.expect("mv /etc/kresume.later /etc/kresume")
                    }
                    for hooks in System.Hooks.allCases {
                        configuration.system = .mkinitcpio(.test, hooks, key)
                        let initramfs = "/boot/initrd-test-\(hooks.rawValue)\(key.rawValue)"
                        machine = try ownCircle(
                            bench, machine, by: "kresume hibernate --saver-initrd=\(initramfs)",
                            configuration, as: "\(hooks.rawValue)\(key.rawValue)",
                            isEncrypted: key != .none, asks: key == .passphrase)
                    }
                }
                machine = try setUp(bench, machine, &configuration)
                try machine.stopWork()
                try bench.checkInstalledFileSystem(configuration.disks[0].path)
            }
        }

        /// `kresume setup` puts kresume among the hooks of a user's, and has mkinitcpio make the initramfs that
        /// is in both roles then, and the one that is only to resume.
        private func setUp(
            _ bench: Bench, _ machine: Machine, _ configuration: inout Configuration
        ) throws -> Machine {
            try machine.expect("rm -r /etc/kresume /boot/initrd-test-*")
            // What GRUB itself makes of it, `SetupTests` shows.
            try machine.expect(
                """
                cd /boot && mkdir -p grub /etc/grub.d && { echo '# GRUB Environment Block' &&
                    head -c 999 /dev/zero | tr '\\0' '#'; } >grub/grubenv
                printf '#!/bin/sh\nls /boot/kresume-*.img >/boot/grub/grub.cfg\n' >/usr/sbin/update-grub
                chmod 755 /usr/sbin/update-grub
                """)
            let done = try machine.run(
                "printf 'right\nright\n' | kresume setup --yes --resume-initramfs",
                limit: .seconds(1200))
            #expect(done.status == 0, "\(done.output)")
            let check = try machine.run("kresume check")
            #expect(check.status == 0 && !check.output.contains("✗ initramfs"), "\(check.output)")
            let release = try machine.run("uname -r").output
            let usual = "/boot/initramfs-linux.img"
            let small = "/boot/kresume-\(release).img"
            // The saver's, in both circles.
            #expect(check.output.contains("✓ initramfs: kresume is in \(small)"), "\(check.output)")
            var machine = machine
            for initramfs in [usual, small] {
                let request = machine.send("kresume hibernate")
                try machine.waitForPowerOff(by: request, limit: .seconds(300))
                configuration.initramfs = try bench.fileOfInstalledSystem(
                    initramfs, on: configuration.disks[0].path)
                if initramfs == small { configuration.parameters.append("kresume.entry") }
                let name = URL(filePath: initramfs).lastPathComponent
                machine = try comeBack(bench, request, configuration, as: name, asks: true)
                // The entry was to be started once.
                try machine.expect("grep -q next_entry=kresume /boot/grub/grubenv", status: 1)
            }
            return machine
        }
    }
}
