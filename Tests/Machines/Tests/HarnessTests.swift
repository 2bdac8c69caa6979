// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// The harness against the kernel's own hibernation, so that a failure elsewhere is kresume's.
extension Machines {
    @Suite(.serialized) struct HarnessTests {
        @Test func commandsAreAnsweredAndLostMachinesToldApart() throws {
            try Bench.use("lost") { bench in
                var configuration = Configuration()
                configuration.bootCommand = "false"
                let machine = try bench.start("machine", configuration)
                #expect(try machine.waitForBootCommand().status == 1)
                #expect(
                    try machine.run("echo out; echo err >&2; exit 7")
                        == Reply(status: 7, output: "out\nerr"))
                #expect(try machine.run("seq 100000 | tail -n 1").output == "100000")
                #expect(throws: MachineError.self) {
                    try machine.waitForConsole("no such text", limit: .seconds(1))
                }
                let request = machine.send("reboot -f")
                let error = #expect(throws: MachineError.self) {
                    try machine.waitForPowerOff(by: request)
                }
                guard case .gone(_, _, let reason, _) = error else {
                    Issue.record("a reset is not a power-off: \(String(describing: error))")
                    return
                }
                #expect(reason == "guest-reset")
            }
        }

        /// Once, and what else ends it is no reason.
        @Test func whereQEMUCrashesAllIsDoneOnceMore() throws {
            var attempts = 0
            func use(crashes: Int, _ end: (Machine) -> Void) throws -> Int {
                attempts = 0
                return try Bench.use("crash") { bench in
                    attempts += 1
                    let machine = try bench.start("machine", Configuration())
                    if attempts <= crashes { end(machine) }
                    try machine.waitUntilBooted()
                    return attempts
                }
            }
            #expect(try use(crashes: 1) { $0.crash() } == 2)
            let twice = #expect(throws: MachineError.self) { try use(crashes: 2) { $0.crash() } }
            guard case .crashed("machine", SIGSEGV) = twice, attempts == 2 else {
                Issue.record("\(String(describing: twice)), \(attempts) attempts")
                return
            }
            let killed = #expect(throws: MachineError.self) { try use(crashes: 1) { $0.kill() } }
            guard case .gone = killed, attempts == 1 else {
                Issue.record("\(String(describing: killed)), \(attempts) attempts")
                return
            }
        }

        /// The same where a kernel hangs in its own hibernation, and in nothing else.
        @Test(arguments: [("entry", 2), ("exit", 1)])
        func whereAKernelHangsAllIsDoneOnceMore(word: String, expected: Int) throws {
            var attempts = 0
            let error = #expect(throws: MachineError.self) {
                try Bench.use("stuck-\(word)") { bench in
                    attempts += 1
                    let machine = try bench.start("machine", Configuration())
                    try machine.waitUntilBooted()
                    for word in ["entry", word] {
                        try machine.expect("echo 'PM: hibernation: hibernation \(word)' >/dev/kmsg")
                    }
                    try machine.waitForPowerOff(limit: .seconds(3))
                }
            }
            #expect(attempts == expected, "\(String(describing: error))")
        }

        /// The same where it stops for a breakpoint, but only for one that is not there.
        @Test(arguments: [("0f", 2), ("cc", 1)])
        func whereAProcessorRunsStaleCodeAllIsDoneOnceMore(byte: String, expected: Int) throws {
            var attempts = 0
            let error = #expect(throws: MachineError.self) {
                try Bench.use("stale-\(byte)") { bench in
                    attempts += 1
                    let machine = try bench.start("machine", Configuration())
                    try machine.waitUntilBooted()
                    for line in ["Oops: int3: 0000 [#1] SMP", "Code: 6d \(byte) <1f> 44 00 00"] {
                        try machine.expect("echo '\(line)' >/dev/kmsg")
                    }
                    _ = machine.send("reboot -f")
                    try machine.waitForPowerOff()
                }
            }
            #expect(attempts == expected, "\(String(describing: error))")
        }

        @Test func workSurvivesTheKernelsOwnHibernation() throws {
            try Bench.use("stock-circle") { bench in
                let ext4 = try bench.ext4()
                var configuration = Configuration()
                configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(ext4)]
                let first = try bench.start("first", configuration)
                try first.waitUntilBooted()
                try first.startWork(memory: 16)
                try first.expectWorkIntact()

                var resuming = configuration
                resuming.parameters = ["resume=/dev/vda"]
                let (second, reply) = try bench.circle(
                    first,
                    by: """
                        swapon /dev/vda && echo shutdown >/sys/power/disk \
                        && echo disk >/sys/power/state
                        """,
                    restore: resuming, as: "second")
                #expect(reply == Reply(status: 0, output: ""))
                try second.expectWorkIntact()
                try second.stopWork()
                try bench.checkFileSystem(ext4)
            }
        }

        /// The check itself must be able to fail.
        @Test func damageIsSeen() throws {
            try Bench.use("damage") { bench in
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.disk("none", size: 1)), Disk(try bench.ext4()),
                ]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 1)
                try machine.expectWorkIntact()

                #expect(try machine.run("kill -STOP $(cat /run/work/counter)").status == 0)
                let stalled = try machine.run("work check")
                #expect(stalled.status == 1)
                #expect(stalled.output.hasPrefix("the counter stands at"))

                let damages = [
                    ("echo >>/tmp/random", "/tmp/random: it has grown"),
                    (
                        "printf x | dd of=/tmp/random bs=1 seek=9000 conv=notrunc 2>/dev/null",
                        "/tmp/random: page 2 is not as it was written"
                    ),
                    ("echo >>/mnt/random", "/mnt/random: it has grown"),
                    ("echo 7 >>/mnt/count", "the counter's trace has a hole"),
                    ("echo 99999 >/run/work/count", "the counter went back"),
                    ("echo 0 >/sys/devices/system/cpu/cpu1/online", "work for processor 1 ran on"),
                    ("echo 'WARNING: x' >/dev/kmsg", "WARNING: x"),
                    ("kill -KILL $(cat /run/work/counter)", "the counter's process is gone"),
                ]
                for (damage, _) in damages { #expect(try machine.run(damage).status == 0) }
                let reply = try machine.run("work check")
                #expect(reply.status == 1)
                for (_, complaint) in damages { #expect(reply.output.contains(complaint)) }
            }
        }
    }
}
