// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// What the kernel command line says of resuming, and what `resume` makes of an image that was
/// tried before.
extension Machines {
    @Suite(.serialized) struct BootTests {
        /// The command line decides between two images, where a search would take neither.
        @Test func commandLineNamesTheImage() throws {
            try SavedImage.use("resume-option") { bench, saved, configuration, _ in
                var configuration = configuration.booting("kresume resume")
                configuration.disks[1].path = try bench.area(of: configuration, size: 1022)
                configuration.parameters = ["resume=PARTUUID=\(saved.partition.partitionUUID)"]
                try saved.expectReturn(in: bench.start("machine", configuration), others: 1)
            }
        }

        @Test func commandLineNamesTheOffset() throws {
            try SavedImage.use("resume-offset") { bench, saved, configuration, _ in
                var configuration = configuration.booting("kresume resume")
                // The second image is at the beginning of its disk: the offset is not its.
                configuration.disks[1].path = try bench.area(of: configuration, size: 1022)
                configuration.parameters = [
                    "resume=/dev/vda", "resume_offset=\(Partition.offset / 4096)",
                ]
                try saved.expectReturn(in: bench.start("machine", configuration), others: 1)
            }
        }

        /// Where the command line points there is none, and there is one elsewhere: a boot says so,
        /// also where nothing points anywhere. Only a person gets it.
        @Test func commandLineMissesTheImage() throws {
            try SavedImage.use("resume-missed") { bench, saved, configuration, _ in
                var configuration = configuration.booting("kresume resume --unattended")
                configuration.parameters = ["resume=/dev/vdb"]
                let machine = try bench.start("machine", configuration)
                let reply = try machine.waitForBootCommand()
                #expect(reply.status == 0)
                #expect(
                    reply.output.hasPrefix(
                        "kresume: there is no image on /dev/vdb, but there is one here (kresume "
                            + "resume /dev/vda1 takes it): /dev/vda1: kresume image, ready, "))
                try machine.waitUntilBooted()
                let line = "echo quiet >/tmp/line && mount --bind /tmp/line /proc/cmdline"
                let unled = try machine.run("\(line); kresume resume --unattended")
                #expect(unled.status == 0)
                #expect(
                    unled.output.hasPrefix(
                        "kresume: nothing says so, but there is one here (kresume resume /dev/vda1 "
                            + "takes it): /dev/vda1: kresume image, ready, "))
                let byHand = machine.send("kresume resume")
                try saved.expectReturn(in: machine, by: byHand)
            }
        }

        @Test func commandLineForbids() throws {
            try SavedImage.use("noresume") { bench, saved, configuration, _ in
                var configuration = configuration.booting("kresume resume")
                configuration.parameters = ["hibernate=noresume", "resume=\(SavedImage.device)"]
                let machine = try bench.start("machine", configuration)
                let words = "kresume: the kernel command line says not to resume"
                #expect(try machine.waitForBootCommand() == Reply(status: 0, output: words))
                try machine.waitUntilBooted()
                try machine.expect("kresume resume --unattended")
                // By hand it is a decision.
                let byHand = machine.send(resume(from: SavedImage.device))
                try saved.expectReturn(in: machine, by: byHand)
            }
        }

        @Test func triedImageNeedsRetry() throws {
            try SavedImage.use("retry") { bench, saved, configuration, image in
                // As a restore kernel leaves it that never came to its end.
                try image.write(3 as UInt32, at: ImageFile.state + 24)
                try image.signState()
                let machine = try bench.start("machine", configuration.booting("kresume resume"))
                #expect(try machine.waitForBootCommand().status == 1)
                try machine.waitUntilBooted()
                let byHand = machine.send("kresume resume --retry")
                try saved.expectReturn(in: machine, by: byHand)
            }
        }
    }
}
