// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

// A virtual machine with work in its memory hibernates, is switched off, is switched on with a
// fresh kernel, and goes on where it was.

func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

/// What a guest's work looks like to someone who watches.
struct Work {
    var counter: String
    var checksum: String

    init(on machine: Machine) throws {
        counter = try machine.run("tail -n 1 /mnt/count").output
        checksum = String(try machine.run("sha256sum /tmp/random").output.prefix(16))
    }
}

func demonstrate() throws {
    say("1/5  Kernel and userland (the first time a kernel is built: some minutes)")
    _ = try System.test.files()
    let show: @Sendable (String) -> Void = { console.show($0) }
    try Bench.use("demo", watch: show) { bench in
        let ext4 = try bench.ext4()
        var configuration = Configuration()
        configuration.parameters = ["quiet", "resume=/dev/vda"]
        configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(ext4)]

        say("2/5  A machine with 768 MiB and 2 processors starts, and gets work:")
        say("     64 MiB of random data in memory, a file system being written to, a counter")
        let first = try bench.start("first", configuration)
        try first.waitUntilBooted()
        try expect(first, "work start 64 /dev/vdb")
        let before = try Work(on: first)
        say("     counter \(before.counter), checksum \(before.checksum)…")

        say("3/5  kresume hibernate: a saver kernel writes its memory to disk")
        let command = "set -o pipefail; kresume hibernate /dev/vda 2>&1 | tee /dev/console"
        let request = first.send(command)
        try first.waitForPowerOff(by: request)
        say("     The machine is off.")

        say("4/5  The machine is switched on: a fresh kernel runs kresume resume")
        let second = try bench.start("second", configuration.booting("kresume resume --unattended"))
        let reply = try second.waitForReturn(of: request)
        guard reply.status == 0 else {
            throw Failure(sentence: "kresume hibernate returned \(reply.status): \(reply.output)")
        }

        say("5/5  The machine is back; is everything as it was?")
        let after = try Work(on: second)
        say("     counter \(after.counter), checksum \(after.checksum)…")
        try expect(second, "work check")
        try expect(second, "work stop")
        try second.powerOff()
        try bench.checkFileSystem(ext4)
        say(
            """
            Done: the machine went on where it was (counter \(before.counter), off, on, \
            \(after.counter); memory, processors and file system intact).
            """)
    }
}

struct Failure: Error, CustomStringConvertible {
    var sentence: String
    var description: String { sentence }
}

func expect(_ machine: Machine, _ command: String) throws {
    let reply = try machine.run(command)
    guard reply.status == 0 else { throw Failure(sentence: "\(command): \(reply.output)") }
}

let console = Console()
do {
    try demonstrate()
} catch {
    say("\(error)")
    say("Failed: the machine did not come back as it was; its consoles: build/machines/demo")
    exit(1)
}
