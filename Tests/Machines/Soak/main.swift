// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

// One machine goes round the circle again and again, under load: by kresume and by the kernel's own
// hibernation in turn, and two of five times that kresume writes the image with 90 % of memory in
// use. Every page of a pattern in memory is compared each time.

func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

struct Failure: Error, CustomStringConvertible {
    var description: String
}

extension Machine {
    @discardableResult
    func expect(_ command: String) throws -> String {
        let reply = try run(command, limit: .seconds(1200))
        guard reply.status == 0 else { throw Failure(description: "\(command): \(reply.output)") }
        return reply.output
    }
}

/// One turn.
struct Circle {
    let number: Int

    /// Else the kernel writes the image.
    var isOwn: Bool { number % 2 == 1 }
    /// 20 of 100.
    var isFull: Bool { isOwn && [2, 4].contains((number + 1) / 2 % 5) }

    var command: String {
        isOwn
            ? "kresume hibernate /dev/vda"
            : "echo shutdown >/sys/power/disk && echo disk >/sys/power/state"
    }
}

/// A machine with load in it.
struct LoadedMachine {
    let bench: Bench
    let configuration: Configuration
    private(set) var machine: Machine
    private var turns: [Int]

    static let kinds = ["forks", "maps", "files", "loopback"]

    init(_ bench: Bench) throws {
        self.bench = bench
        var configuration = Configuration()
        configuration.processorsTakeTurns = false
        configuration.memory = 4096
        configuration.disks = [Disk(try bench.swap(size: 5120)), Disk(try bench.ext4(size: 128))]
        self.configuration = configuration
        machine = try bench.start("0", configuration)
        turns = Self.kinds.map { _ in 0 }
        try machine.waitUntilBooted()
        for command in [
            "work start 32 /dev/vdb", "swapon /dev/vda", "ifconfig lo 127.0.0.1 up",
            "load keep pattern 96", "load churn /mnt",
        ] { try machine.expect(command) }
    }

    /// - Returns: a line about it.
    mutating func go(round circle: Circle) throws -> String {
        if circle.isFull { try fill() }
        let inUse = try percentInUse(least: circle.isFull ? 90 : 0)
        let begin = ContinuousClock.now
        let (back, reply) = try bench.circle(
            machine, by: circle.command, restore: configuration.booting("kresume resume /dev/vda"),
            as: "\(circle.number)", limit: .seconds(1200))
        machine = back
        let time = begin.duration(to: .now)
        guard reply.status == 0, machine.console.contains("kresume: going back") else {
            throw Failure(description: "it came back with status \(reply.status): \(reply.output)")
        }
        let pages = try expectIntact(circle)
        return """
            \(circle.isOwn ? "kresume" : "kernel"), \(inUse) % in use, \
            off and back in \(time.components.seconds) s, \(pages) pages as they were
            """
    }

    /// What the loads have moves by a few percent; it is waited for that it is as much.
    private func percentInUse(least: Int) throws -> String {
        try machine.expect(
            """
            turns=400
            while :; do
                used=$(awk '/MemTotal/ { t = $2 } /MemAvail/ { print int((t - $2) * 100 / t) }' /proc/meminfo)
                [ "$used" -lt \(least) ] || break
                turns=$((turns - 1)); [ "$turns" -gt 0 ] || exit 1
                usleep 20000
            done
            echo "$used"
            """)
    }

    /// So much more memory is taken that 9 % of all are left where the loads have least. With less, a
    /// restore kernel might have no room.
    private func fill() throws {
        try machine.expect("echo 1 >/proc/sys/vm/drop_caches")
        try machine.expect(
            """
            most=0
            for turn in $(seq 50); do
                now=$(awk '/MemAvail/ { print $2 }' /proc/meminfo)
                [ "$now" -le "$most" ] || most=$now
                usleep 20000
            done
            load keep full $(awk -v a="$most" '/MemTotal/ { print int((a - $2 * 9 / 100) / 1024) }' \
                /proc/meminfo)
            """)
    }

    /// - Returns: how many pages were compared.
    private mutating func expectIntact(_ circle: Circle) throws -> Int {
        var pages = 0
        for name in ["pattern"] + (circle.isFull ? ["full"] : []) {
            let answer = try machine.expect("echo >/run/load/\(name); cat /run/load/\(name).answer")
            guard let count = Int(answer) else { throw Failure(description: answer) }
            pages += count
        }
        if circle.isFull {
            try machine.expect(
                "kill $(grep -ls 'ful[l]' /proc/[0-9]*/cmdline | tr -dc '0-9\\n' | head -n 1)")
        }
        try machine.expect("work check")
        try machine.expect("[ ! -e /run/load/complaints ] || { cat /run/load/complaints; exit 1; }")
        let now = try machine.expect("load turns").split(separator: " ").compactMap { Int($0) }
        for (kind, (before, now)) in zip(Self.kinds, zip(turns, now)) where now <= before {
            throw Failure(description: "the \(kind) stand still at \(now)")
        }
        turns = now
        return pages
    }

    /// Ends it, and looks at the file system.
    func end() throws {
        try machine.expect("kill $(pidof load)")
        try machine.expect("work stop")
        try machine.powerOff()
        try bench.checkFileSystem(configuration.disks[1].path)
    }
}

let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10
var done = 0
do {
    try Bench.use("soak") { bench in
        var loaded = try LoadedMachine(bench)
        for number in 1...count {
            say("circle \(number) of \(count): \(try loaded.go(round: Circle(number: number)))")
            done = number
        }
        try loaded.end()
    }
    say(
        "Done: \(count) circles in a row, all of memory as it was each time, the file system clean."
    )
} catch {
    say("\(error)")
    say("Failed after \(done) circles; the machine's consoles: build/machines/soak")
    exit(1)
}
