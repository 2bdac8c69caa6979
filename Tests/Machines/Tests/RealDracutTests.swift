// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// A Debian 13 whose dracut is the newest, made from its sources: with systemd and without.
extension Machines {
    @Suite(
        .serialized,
        .enabled(
            if: System.Tool.dracut.checkout != nil,
            "only Debian's dracut is run: no checkout is named (make test DRACUT=/path/to/it)")
    )
    struct RealDracutTests {
        private let kinds: [System.Initramfs] = [.dracut, .dracutPlain]

        /// Debian's own hibernation and its stock kernel.
        @Test func stockCircles() throws {
            try Bench.use("dracut-stock") { bench in
                var configuration = try Debian.dracut(bench, .stock, .dracutPlain)
                configuration.disks.append(Disk(try bench.ext4()))
                var machine = try bench.start("first", configuration)
                try machine.waitUntilRunning()
                // Without an image nobody notices kresume.
                try machine.expectKresumeSays([])
                try machine.startWork(memory: 16)
                for kind in kinds {
                    configuration.system = .dracut(.stock, kind)
                    // Waits, unlike systemctl hibernate, which does the same.
                    machine = try roundTrip(
                        bench, machine, "systemctl start hibernate.target", configuration,
                        as: kind.rawValue,
                        whileOff: {
                            try expectNobodyResumes(
                                bench, configuration, as: "changed-\(kind.rawValue)")
                        })
                }
                try machine.stopWork()
                try bench.checkInstalledFileSystem(configuration.disks[0].path)
            }
        }

        /// One initramfs in both roles: it saves, and it restores. The key has a passphrase with systemd only.
        @Test func ownCircles() throws {
            try Bench.use("dracut-circles") { bench in
                var configuration = try Debian.dracut(bench, .test, .dracut)
                configuration.disks.append(Disk(try bench.ext4()))
                var machine = try bench.start("first", configuration)
                try machine.waitUntilRunning()
                try machine.expectKresumeSays([])
                // systemd names what has made its initramfs.
                let version = try machine.run("dracut --version").output.dropFirst("dracut ".count)
                #expect(machine.console.contains("dracut-\(version) (Initramfs)"))
                try machine.startWork(memory: 16)
                for kind in kinds {
                    configuration.system = .dracut(.test, kind)
                    let initramfs = "/boot/initrd-test-\(kind.rawValue)"
                    machine = try ownCircle(
                        bench, machine, by: "kresume hibernate --saver-initrd=\(initramfs)",
                        configuration, as: kind.rawValue, isEncrypted: true,
                        asks: kind == .dracut)
                }
                try machine.stopWork()
                try bench.checkInstalledFileSystem(configuration.disks[0].path)
            }
        }
    }
}
