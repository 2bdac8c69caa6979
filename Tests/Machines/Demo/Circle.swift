// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness

/// A virtual machine with work in its memory hibernates, is switched off, is switched on with a fresh kernel,
/// and goes on where it was.
struct Circle {
    /// For the directory with the consoles' logs.
    let name: String
    let title: String
    let systems: String
    let original: System
    let restore: System
    /// Of their command lines.
    let parameters: [String]
    let hibernation: (sentence: String, command: String)

    /// The kernel's own hibernation: nothing has to be built.
    static func stock() throws -> Circle {
        Circle(
            name: "demo-stock",
            title: "A stock kernel hibernates by itself; another kernel resumes it",
            systems: "Two of Debian's kernels (the first time they are downloaded)",
            original: .debian,
            restore: try System.newestDebian.isThere() ? .newestDebian : .debianFull,
            parameters: [],
            hibernation: (
                "The kernel hibernates, as by systemctl hibernate",
                "swapon /dev/vda && echo shutdown >/sys/power/disk && echo disk >/sys/power/state"
            ))
    }

    static let own = Circle(
        name: "demo", title: "kresume hibernates, by a kexec into a second kernel",
        systems: "A kernel with KEXEC_JUMP (the first time it is built: some minutes)",
        original: .test, restore: .test, parameters: ["resume=/dev/vda"],
        hibernation: (
            "kresume hibernate: a saver kernel writes the machine's memory to disk",
            "set -o pipefail; kresume hibernate /dev/vda 2>&1 | tee /dev/console"
        ))

    func show(on screen: Screen) throws {
        screen.say("\(title)\n")
        screen.say("1/4  \(systems)")
        for system in [original, restore] { _ = try system.files() }
        try Bench.use(name, watch: screen.show) { try show(on: screen, $0) }
    }

    private func show(on screen: Screen, _ bench: Bench) throws {
        let ext4 = try bench.ext4()
        var configuration = Configuration()
        configuration.processorsTakeTurns = false
        configuration.system = original
        configuration.parameters = ["quiet"] + parameters
        configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(ext4)]

        screen.say(
            "2/4  A machine with 768 MiB and 2 processors starts Linux \(try original.release()), and gets work:"
        )
        screen.say(
            "     64 MiB of random data in memory, a file system being written to, a counter")
        let first = try bench.start("first", configuration)
        try first.waitUntilBooted()
        try expect(first, "work start 64 /dev/vdb")
        let before = try Work(on: first)
        screen.say("     counter \(before.counter), checksum \(before.checksum)…")

        screen.say("3/4  \(hibernation.sentence)")
        let request = first.send(hibernation.command)
        try first.waitForPowerOff(by: request)
        screen.say("     The machine is off.")

        screen.say(
            "4/4  The machine is switched on with Linux \(try restore.release()), which runs kresume resume"
        )
        configuration.system = restore
        let second = try bench.start(
            "second", configuration.booting("kresume resume --unattended /dev/vda"))
        let reply = try second.waitForReturn(of: request)
        guard reply.status == 0 else {
            throw Failure(sentence: "The hibernation came to \(reply.status): \(reply.output)")
        }
        let kernel = try second.run("uname -r").output
        let after = try Work(on: second)
        screen.say("     The machine is back, in Linux \(kernel); is everything as it was?")
        screen.say("     counter \(after.counter), checksum \(after.checksum)…")
        try expect(second, "work check")
        try expect(second, "work stop")
        try second.powerOff()
        try bench.checkFileSystem(ext4)
        screen.say(
            """
            Done: the machine went on where it was (counter \(before.counter), off, on, \
            \(after.counter); memory, processors and file system intact).

            """)
    }

    private func expect(_ machine: Machine, _ command: String) throws {
        let reply = try machine.run(command)
        guard reply.status == 0 else { throw Failure(sentence: "\(command): \(reply.output)") }
    }
}

/// What a guest's work looks like to someone who watches.
private struct Work {
    var counter: String
    var checksum: String

    init(on machine: Machine) throws {
        counter = try machine.run("tail -n 1 /mnt/count | tr -d ' '").output
        checksum = String(try machine.run("sha256sum /tmp/random").output.prefix(16))
    }
}

private struct Failure: Error, CustomStringConvertible {
    var sentence: String
    var description: String { sentence }
}
