// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// An image that cannot be written costs nothing: the machine goes on, and says why.
extension Machines {
    @Suite(.serialized) struct FailedSaveTests {
        /// A way to fail, and words of the reason.
        struct Failure: CustomTestStringConvertible, Sendable {
            var testDescription: String
            /// Of the swap area, in MiB. The guest's memory needs about 110.
            var size: Int
            var faults: [Disk.Fault] = []
            var words: [String]
        }

        /// Those that only a real saver kernel and a real disk can show; every single call that may
        /// fail is tried by `SaveWorkflowTests` and `HibernateWorkflowTests`.
        static let failures = [
            Failure(
                testDescription: "too small in the end", size: 80,
                words: [
                    "the image was not saved, and the machine went on: ",
                    "/dev/vda is full: the image does not fit its 80 MiB",
                ]),
            Failure(
                testDescription: "a later write fails", size: 1024,
                // Behind what the original kernel writes itself.
                faults: [.init(.write, sector: 32 << 11, once: true)],
                words: [
                    "the image was not saved, and the machine went on: /dev/vda: writing ",
                    " failed: Input/output error",
                ]),
            Failure(
                testDescription: "the last write fails", size: 1024,
                // The signature.
                faults: [.init(.write, sector: 7, once: true)],
                words: [
                    "the image was not saved, and the machine went on: /dev/vda: writing 4096 "
                        + "bytes at byte 0 failed: Input/output error"
                ]),
        ]

        @Test(arguments: failures)
        func machineGoesOn(failure: Failure) throws {
            try Bench.use("failed-save") { bench in
                let ext4 = try bench.ext4()
                var disk = Disk(try bench.swap(size: failure.size))
                let header = try ImageFile(disk.path).read(0, 3 * 4096)
                disk.faults = failure.faults
                var configuration = Configuration()
                configuration.disks = [
                    disk, Disk(ext4), Disk(try bench.swap("other", size: 1024)),
                ]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork()
                try machine.expect("swapon-at 5 /dev/vda")

                let reply = try machine.run(hibernate(), limit: .seconds(600))
                #expect(reply.status == 1)
                for word in failure.words { #expect(reply.output.contains(word)) }
                #expect(machine.console.contains("; going back"))

                try machine.expectWorkIntact()
                try machine.expect("awk '$1 == \"/dev/vda\" { print $5 }' /proc/swaps", gives: "5")
                try machine.expect("swapoff /dev/vda && kresume locate")
                #expect(try ImageFile(disk.path).read(0, 3 * 4096) == header)

                try machine.expect("swapon-at 5 /dev/vda")
                try expectHibernates(machine, bench, configuration, to: failure.nextDevice)
            }
        }

        private func expectHibernates(
            _ machine: Machine, _ bench: Bench, _ configuration: Configuration, to device: String
        ) throws {
            var restore = configuration.booting(resume(from: device))
            restore.disks[0].faults = []
            let (back, reply) = try bench.circle(
                machine, by: hibernate(to: device), restore: restore, as: "back")
            #expect(reply.status == 0, "\(reply.output)")
            try back.expectWorkIntact()
            try back.stopWork()
            try bench.checkFileSystem(configuration.disks[1].path)
        }
    }
}

extension Machines.FailedSaveTests.Failure {
    /// Where the next try is to work: on the same disk, unless it is too small.
    fileprivate var nextDevice: String { faults.isEmpty ? "/dev/vdc" : "/dev/vda" }
}
