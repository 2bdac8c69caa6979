// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// While the image is loaded, somebody moves the process's memory from node to node.
extension Machines {
    @Suite(.serialized) struct PinTests {
        /// The memory is pinned, and stays where it is.
        @Test func pinnedFramesStay() throws {
            try Bench.use("pinned") { bench in
                let (machine, request, restorer) = try resumeInMotion(bench, before: "true")
                let reply = try machine.waitForReturn(of: request, by: restorer)
                #expect(reply.status == 0, "\(reply.output)")
                try machine.expectWorkIntact()
                try machine.stopWork()
            }
        }

        /// A kernel without io_uring lets it be moved; that is seen, and the image is not used.
        @Test func otherFramesAreSeenToMove() throws {
            try Bench.use("not-pinned") { bench in
                let (machine, _, restorer) = try resumeInMotion(
                    bench, before: "echo 2 >/proc/sys/kernel/io_uring_disabled")
                let reply = try machine.waitForReply(to: restorer)
                #expect(reply.status == 1)
                #expect(
                    reply.output.contains(
                        "our pages to other page frames; trying again may help"))
                try machine.expect("kresume verify -q /dev/vda")
                try machine.expect("kresume locate | wc -l", gives: "1")
            }
        }

        /// - Returns: the machine with the restore kernel, what was asked of the hibernated one, and
        ///   of the restore kernel.
        private func resumeInMotion(
            _ bench: Bench, before preparation: String
        ) throws -> (Machine, Request, Request) {
            var configuration = Configuration()
            configuration.memory = 1024
            configuration.nodes = 2
            configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(try bench.ext4())]
            let original = try bench.start("original", configuration)
            try original.waitUntilBooted()
            try original.startWork(memory: 64)
            let request = original.send(hibernate())
            try original.waitForPowerOff(by: request)
            original.kill()
            let machine = try bench.start("restore", configuration)
            try machine.waitUntilBooted()
            try machine.expect(preparation)
            let restorer = machine.send("migrate-pages kresume resume --verbose /dev/vda")
            return (machine, request, restorer)
        }
    }
}
