// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// Whatever goes wrong while the image is written, nothing is lost.
extension Machines {
    @Suite struct FailedSaveTests {
        @Test func deviceTooSmall() throws {
            try expectGoesOn("too-small", Disk("", interface: .virtio), size: 16) { output in
                #expect(output.contains("/dev/vda"))
                #expect(output.contains("space") || output.contains("small"))
            }
        }

        /// Behind what the original kernel writes itself, so that the saver kernel meets it.
        @Test func writeError() throws {
            var disk = Disk("")
            disk.writeErrorSector = 32 << 11
            try expectGoesOn("write-error", disk, size: 1024) { output in
                #expect(output.localizedCaseInsensitiveContains("write"))
            }
        }

        /// The console shows the saver's progress in percent.
        @Test(arguments: ["kexec_core: Starting new kernel", " 10%", " 90%"])
        func powerCut(at text: String) throws {
            try Bench.use("power-cut") { bench in
                var configuration = Configuration()
                configuration.disks = [Disk(try bench.swap(size: 1024))]
                let first = try bench.start("first", configuration)
                try first.waitUntilBooted()
                _ = try first.run("dd if=/dev/urandom of=/tmp/random bs=1M count=128")
                _ = first.send(hibernate())
                try first.waitForConsole(text)
                first.kill()

                let second = try bench.start("second", configuration.booting(resume()))
                #expect(try second.waitForBootCommand() == Reply(status: 0, output: ""))
                try second.waitUntilBooted()
                try second.expect("swapon /dev/vda")
            }
        }
    }
}

/// Lets a guest hibernate to `disk`, which must fail, and expects the guest to go on.
private func expectGoesOn(
    _ name: String, _ disk: Disk, size: Int, expectReason: (String) -> Void
) throws {
    try Bench.use(name) { bench in
        let ext4 = try bench.ext4()
        var disk = disk
        disk.path = try bench.swap(size: size)
        var configuration = Configuration()
        configuration.disks = [disk, Disk(ext4)]
        let machine = try bench.start("machine", configuration)
        try machine.waitUntilBooted()
        try machine.startWork()
        let reply = try machine.run(hibernate(), limit: .seconds(600))
        #expect(reply.status == 1)
        expectReason(reply.output)
        // A failed write is the disk's, and expected in the log.
        try machine.expect("dmesg -c >/dev/null")
        try machine.expectWorkIntact()
        try machine.expect("kresume locate")
        try machine.stopWork()
        try bench.checkFileSystem(ext4)
    }
}
