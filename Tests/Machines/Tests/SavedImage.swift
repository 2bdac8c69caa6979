// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// A hibernated machine, made once: its image lies in the first partition of its first disk, its
/// second disk is empty, its third one has the file system that it works on.
struct SavedImage: Sendable {
    /// The machine, with its disks as they were when it went off.
    let configuration: Configuration
    /// What hibernated it: the reply comes from the machine that is resumed.
    let request: Request
    /// What `uname -r` said.
    let release: String
    let partition: Partition

    static let device = "/dev/vda1"

    /// Runs `body` with copies of the disks, and the image in the first of them. Every copy is
    /// the same machine at the same moment, so each may be resumed once.
    static func use(
        _ name: String, _ body: (Bench, SavedImage, Configuration, ImageFile) throws -> Void
    ) throws {
        let saved = try made.get()
        try Bench.use(name) { bench in
            var configuration = saved.configuration
            for index in configuration.disks.indices {
                configuration.disks[index].path = try bench.copy(saved.configuration.disks[index])
            }
            let image = try ImageFile(configuration.disks[0].path, at: Partition.offset)
            try body(bench, saved, configuration, image)
        }
    }

    /// A copy of the disk with the image.
    static func disk(in bench: Bench) throws -> String {
        try bench.copy(made.get().configuration.disks[0], as: "saved-image")
    }

    /// Expects the machine of this image to come back in `machine`, with its work intact, and its
    /// image to be gone; there may be `others`. It comes back by the boot command, or else by
    /// `restorer`.
    func expectReturn(
        in machine: Machine, by restorer: Request? = nil, others: Int = 0
    ) throws {
        let reply = try machine.waitForReturn(of: request, by: restorer)
        #expect(reply.status == 0, "\(reply.output)")
        try machine.expectWorkIntact()
        try machine.expect("kresume locate | wc -l", gives: "\(others)")
        try machine.expect("swapon \(Self.device) && swapoff \(Self.device)")
        try machine.stopWork()
    }

    private static let made = Result<SavedImage, any Error> {
        try Bench.use("saved-image") { bench in
            let partition = try bench.partitionedSwap("first", size: 1024)
            var configuration = Configuration()
            configuration.disks = [
                Disk(partition.disk), Disk(try bench.disk("second", size: 1024)),
                Disk(try bench.ext4()),
            ]
            let machine = try bench.start("machine", configuration)
            try machine.waitUntilBooted()
            let release = try machine.run("uname -r").output
            try machine.startWork(on: "/dev/vdc")
            let request = machine.send(hibernate(to: "LABEL=\(Partition.label)"))
            try machine.waitForPowerOff(by: request)
            for index in configuration.disks.indices {
                configuration.disks[index].path = try bench.keep(configuration.disks[index].path)
            }
            return SavedImage(
                configuration: configuration, request: request, release: release,
                partition: partition)
        }
    }
}

extension Bench {
    /// The first MiB of the image area, on a disk of their own.
    func area(of configuration: Configuration, size: Int) throws -> String {
        let path = try disk("area", size: size)
        try Host.run([
            "dd", "if=\(configuration.disks[0].path)", "of=\(path)", "bs=1M",
            "skip=\(Partition.offset >> 20)", "count=\(size)", "conv=sparse,notrunc",
        ])
        return path
    }
}
