// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// What a guest has freed is left out of its image, unless its kernel relies on what is in there.
extension Machines {
    @Suite(.serialized) struct FreePagesTests {
        /// SLUB checks its objects and their red zones as they are used and freed.
        @Test func leftOut() throws {
            try Bench.use("free-left-out") { bench in
                let (machine, disks) = try start(bench, ["slub_debug=FZPU"])
                let free = try megabytes(machine, "MemFree")
                let (back, log) = try circle(bench, machine, disks)
                let omitted = try #require(log.number(after: "leaving out "))
                // The saver kernel takes its place out of what is free, and kresume some more.
                let saver = try #require(log.number(after: "the saver kernel needs "))
                #expect(
                    (free - saver - 10...free).contains(omitted),
                    "\(omitted) of \(free) MiB, \(saver) MiB for the saver")
                try back.stopWork()
            }
        }

        /// What was free where the saver lives is not saved by way of the pages with which A has
        /// swapped it; nor is what the allocator keeps for the CPU that jumps.
        @Test func alsoWhereTheSaverLives() throws {
            try Bench.use("free-saver") { bench in
                let (machine, configuration) = try start(bench, [])
                let filler = try megabytes(machine, "MemFree") - 40
                try machine.expect("pattern touch \(filler)")
                let inUse = try machine.run(
                    "awk '$1 == \"pages\" && $2 == \"free\" { n -= $3 } "
                        + "$1 == \"present\" { n += $2 } END { print n }' /proc/zoneinfo")
                let request = machine.send(hibernate())
                try machine.waitForPowerOff(by: request)
                let image = try Host.run(
                    [Host.kresume, "inspect", "--json", configuration.disks[0].path])
                let saved = try #require(image.number(after: "\"data_pages\": "))
                // kresume itself takes some.
                let most = try #require(Int(inUse.output)) + 2048
                #expect(saved <= most, "\(saved) pages saved, \(inUse.output) in use before")

                let back = try bench.start("back", configuration.booting(resume()))
                let reply = try back.waitForReturn(of: request)
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()
                try back.stopWork()
            }
        }

        @Test func kept() throws {
            try Bench.use("free-kept") { bench in
                let (machine, disks) = try start(bench, ["page_poison=1"])
                let (back, log) = try circle(bench, machine, disks)
                #expect(log.contains("free memory is saved too: the kernel relies on them"))
                #expect(!log.contains("leaving out"))
                // The kernel itself says where a page's pattern is wrong.
                try back.expect("fresh-pages 200", gives: "0")
                try back.expectWorkIntact()
                try back.stopWork()
            }
        }

        private func start(
            _ bench: Bench, _ parameters: [String]
        ) throws -> (Machine, Configuration) {
            var configuration = Configuration()
            configuration.memory = 512
            configuration.parameters = parameters
            configuration.disks = [Disk(try bench.swap(size: 800)), Disk(try bench.ext4())]
            let machine = try bench.start("machine", configuration)
            try machine.waitUntilBooted()
            try machine.startWork(memory: 32)
            try machine.expect("work fragment 40")
            return (machine, configuration)
        }

        /// - Returns: what the original and the saver kernel printed.
        private func circle(
            _ bench: Bench, _ machine: Machine, _ configuration: Configuration
        ) throws -> (Machine, String) {
            var restore = configuration
            restore.parameters = []
            let (back, reply) = try bench.circle(
                machine, by: hibernate() + " --verbose", restore: restore.booting(resume()),
                as: "back")
            #expect(reply.status == 0, "\(reply.output)")
            try back.expectWorkIntact()
            return (back, machine.console)
        }

        private func megabytes(_ machine: Machine, _ field: String) throws -> Int {
            let reply = try machine.run(
                "awk '$1 == \"\(field):\" { print int($2 / 1024) }' /proc/meminfo")
            return try #require(Int(reply.output))
        }
    }
}

extension String {
    /// The number behind the first `words`.
    func number(after words: String) -> Int? {
        firstRange(of: words).flatMap { Int(self[$0.upperBound...].prefix { $0.isNumber }) }
    }
}
