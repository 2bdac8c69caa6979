// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// The power goes at any moment, and the disk loses or reorders what was not flushed: there is a
/// whole image or none, and one that was tried stays so.
extension Machines {
    @Suite(.serialized) struct PowerCutTests {
        @Test func ownImages() throws {
            try Bench.use("power-cut") { bench in
                var configuration = Configuration()
                configuration.memory = 512
                configuration.disks = [Disk(try bench.swap(size: 512))]
                let plain = try bench.copy(configuration.disks[0], as: "plain")

                // A prepares, B saves.
                var saved: Request?
                let first = try bench.record("first", &configuration) { machine in
                    try machine.waitUntilBooted()
                    try machine.expect(
                        "dd if=/dev/urandom of=/tmp/random bs=1M count=16 2>/dev/null")
                    saved = try machine.hibernates()
                }
                var cut: String?
                let saving = try first[0].cutPower(seed: 1) { disk in
                    cut = try bench.copy(Disk(disk.path), as: "cut-before-signature")
                }
                #expect(saving.words == ["none", "ready"])
                #expect(saving.faults == [])
                // A flush that is missing would be seen.
                var unflushed = first[0]
                unflushed.log = unflushed.log.withoutFlushes
                #expect(try !unflushed.cutPower(seed: 1).faults.isEmpty)

                // C marks, A cleans up, and all once more where an image has been.
                let request = try #require(saved)
                let second = try bench.record(
                    "second", &configuration, booting: resume()
                ) { machine in
                    let reply = try machine.waitForReturn(of: request)
                    #expect(reply.status == 0, "\(reply.output)")
                    _ = try machine.hibernates()
                }
                let circle = try second[0].cutPower(seed: 2)
                #expect(circle.words == ["ready", "already tried", "used", "none", "ready"])
                #expect(circle.faults == [])
                #expect(circle.verdicts.first == saving.verdicts.last)
                #expect(circle.verdicts.first != circle.verdicts.last)

                // One image is overwritten by another machine's, a copy of it is dropped.
                configuration.disks += [
                    Disk(try bench.copy(configuration.disks[0], as: "other")),
                    Disk(try #require(cut)),
                ]
                let third = try bench.record("third", &configuration) { machine in
                    try machine.waitUntilBooted()
                    try machine.expect("kresume discard -q /dev/vdb")
                    try expectNothing(machine, on: "/dev/vdc")
                    _ = try machine.hibernates()
                }
                let overwriting = try third[0].cutPower(seed: 3)
                #expect(overwriting.words == ["ready", "none", "ready"])
                #expect(overwriting.faults == [])
                #expect(overwriting.verdicts.first != overwriting.verdicts.last)
                let dropping = try third[1].cutPower(seed: 4)
                #expect(dropping.words == ["ready", "none"])
                #expect(dropping.faults == [])
                #expect(third[2].log.epochs.joined().isEmpty)
                #expect(
                    try ImageFile(configuration.disks[1].path).read(0, 4096)
                        == ImageFile(plain).read(0, 4096))
            }
        }

        /// The kernel writes the signature before it flushes anything.
        @Test func stockImages() throws {
            try Bench.use("power-cut-stock") { bench in
                var configuration = Configuration()
                configuration.memory = 256
                configuration.disks = [Disk(try bench.swap(size: 512))]
                let machine = try bench.start("first", configuration)
                try machine.waitUntilBooted()
                try machine.expect("dd if=/dev/urandom of=/tmp/random bs=1M count=16 2>/dev/null")
                let request = machine.send(stockHibernation())
                try machine.waitForPowerOff(by: request)

                // C marks; then the kernel writes where an image of it has been.
                var second = try bench.record(
                    "second", &configuration, booting: resume()
                ) { machine in
                    #expect(try machine.waitForReturn(of: request).status == 0)
                    try machine.waitForPowerOff(by: machine.send(stockHibernation()))
                }
                second[0].grain = 4096
                second[0].mayBeRefused = true
                let outcome = try second[0].cutPower(seed: 5)
                #expect(outcome.words == ["stock", "none", "stock"])
                #expect(outcome.faults == [])
                #expect(outcome.counts["refused", default: 0] > 5)
            }
        }

        /// The power went when all was written but the signature.
        private func expectNothing(_ machine: Machine, on device: String) throws {
            try machine.expect("\(resume(from: device)) --unattended")
            try machine.expect("dmesg | grep kresume:", status: 1)
            try machine.expect("swapon \(device) && swapoff \(device)")
        }
    }
}

extension Machine {
    /// Hibernates it to its first disk.
    fileprivate func hibernates() throws -> Request {
        let request = send(hibernate())
        try waitForPowerOff(by: request)
        return request
    }
}

extension Bench {
    /// Runs a machine until `body` has ended and it is off, and records what is written to its
    /// disks.
    fileprivate func record(
        _ name: String, _ configuration: inout Configuration, booting command: String? = nil,
        _ body: (Machine) throws -> Void
    ) throws -> [RecordedDisk] {
        var recorded = configuration
        recorded.bootCommand = command
        var bases: [String] = []
        for index in recorded.disks.indices {
            bases.append(try copy(recorded.disks[index], as: "\(name)-base-\(index)"))
            recorded.disks[index].writeLog = try disk("\(name)-log-\(index)", size: 0)
        }
        try body(try start(name, recorded))
        return try recorded.disks.indices.map { index in
            let header = try ImageFile(bases[index]).read(0, 2048)
            return RecordedDisk(
                base: bases[index], path: recorded.disks[index].path,
                log: try WriteLog(recorded.disks[index].writeLog ?? ""), bench: self,
                swapHeader: header + Array("SWAPSPACE2".utf8))
        }
    }
}
