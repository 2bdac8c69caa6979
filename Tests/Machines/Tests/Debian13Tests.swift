// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// A Debian 13 with its stock kernel, 6.12, that hibernates as it does; resumed by kresume in an initramfs of
/// dracut-ng with systemd 257, whose resume service is no template any more. Its initramfs-tools are those of
/// `SetupTests`.
extension Machines {
    @Suite(.serialized) struct Debian13Tests {
        @Test func circles() throws {
            try Bench.use("debian13") { bench in
                var configuration = try Debian.configuration(bench, .stock, .dracut, .trixie)
                configuration.disks.append(Disk(try bench.ext4()))
                // As many at once as it has, with an initramfs that tools of its own make.
                configuration.processorsTakeTurns = false
                let machine = try bench.start("first", configuration)
                try machine.waitUntilRunning()
                // Without an image nobody notices kresume.
                try machine.expectKresumeSays([])
                try machine.startWork(memory: 16)
                // Waits, unlike systemctl hibernate, which does the same.
                let back = try roundTrip(
                    bench, machine, "systemctl start hibernate.target", configuration, as: "back")
                try back.stopWork()
                try bench.checkInstalledFileSystem(configuration.disks[0].path)
            }
        }
    }
}
