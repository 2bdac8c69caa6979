// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

/// One guest that goes off and comes back again and again, with its disk.
final class Guest {
    private let bench: Bench
    private let configuration: Configuration
    private let stopwatch: Stopwatch
    private let swap: String
    private let readLimit: Disk.ReadLimit?
    private var starts = 0
    private(set) var machine: Machine
    /// How long the last machine took from power-on to a shell, in seconds.
    private(set) var bootTime = 0.0
    /// The command that sent the guest to sleep.
    private var sleeping: Request?

    private static let saved = "bench: save"
    private static let resumed = "bench: resume"
    private static let back = "bench: back"

    /// Starts the machine and fills its memory with the first `mebibytes` of the file `data`.
    init(
        _ bench: Bench, _ stopwatch: Stopwatch, memory: Int, parameters: [String], data: String,
        mebibytes: Int, readLimit: Disk.ReadLimit? = nil
    ) throws {
        self.readLimit = readLimit
        self.bench = bench
        self.stopwatch = stopwatch
        swap = try bench.swap(size: memory + 256)
        var configuration = Configuration()
        configuration.processorsTakeTurns = false
        configuration.memory = memory
        configuration.allocatesMemory = true
        configuration.parameters = ["quiet"] + parameters
        configuration.disks = [Disk(swap), Disk(data)]
        self.configuration = configuration
        machine = try bench.start("original", configuration)
        try machine.waitUntilBooted(limit: .seconds(300))
        try run(
            """
            dd if=/dev/vdb of=/tmp/data bs=1M iflag=direct count=\(mebibytes) 2>/dev/null; \
            echo shutdown >/sys/power/disk; echo \(UInt32.max) >/sys/power/image_size; \
            dmesg -n 7
            """)
    }

    /// Runs a command in the guest, which must succeed.
    @discardableResult
    func run(_ command: String) throws -> String {
        let reply = try machine.run(command, limit: .seconds(600))
        guard reply.status == 0 else { throw BenchmarkError.failed(command, reply) }
        return reply.output
    }

    /// The same, in seconds.
    func time(_ command: String) throws -> Double {
        stopwatch.reset()
        try run(
            "echo 'bench: begin' >/dev/console; \(command) && echo 'bench: end' >/dev/console")
        return try stopwatch.seconds(from: "bench: begin", to: "bench: end")
    }

    // MARK: Off and on

    /// Sends the guest to sleep by `command`.
    ///
    /// - Returns: seconds from the command until the power went off.
    func save(by command: String) throws -> Double {
        stopwatch.reset()
        let request = machine.send(
            "echo '\(Self.saved)' >/dev/console; \(command) && echo '\(Self.back)' >/dev/console")
        sleeping = request
        try machine.waitForPowerOff(by: request, limit: .seconds(600))
        return try stopwatch.seconds(from: Self.saved, to: "reboot: Power down")
    }

    /// Boots a restore kernel on the disk.
    func boot() throws {
        machine.kill()
        stopwatch.reset()
        starts += 1
        let start = ContinuousClock.now
        var configuration = configuration
        configuration.disks[0].readLimit = readLimit
        machine = try bench.start("restore-\(starts)", configuration)
        try machine.waitUntilBooted(limit: .seconds(300))
        bootTime = start.duration(to: .now).inSeconds
    }

    /// Boots a restore kernel and lets `command` bring the guest back.
    ///
    /// - Returns: seconds from the command to the first word of the guest's shell.
    func resume(by command: String) throws -> Double {
        guard let sleeping else { throw BenchmarkError.notSaid(Self.saved) }
        try boot()
        let request = machine.send(
            "dmesg -n 7; echo '\(Self.resumed)' >/dev/console; \(command)")
        let reply = try machine.waitForReturn(of: sleeping, by: request, limit: .seconds(600))
        guard reply.status == 0 else { throw BenchmarkError.failed(sleeping.command, reply) }
        return try stopwatch.seconds(from: Self.resumed, to: Self.back)
    }

    // MARK: The disk

    /// Rewrites the kernel's image. The machine must be off.
    func scatterImage() throws { try ScatteredImage.make(of: swap) }

    /// Keeps what is on the disk now. The machine must be off.
    func keepImage() throws { _ = try bench.copy(Disk(swap), as: "image") }

    /// Brings the disk back to where ``keepImage()`` was called. Cuts the power.
    func restoreImage() throws {
        machine.kill()
        let kept = URL(filePath: swap).deletingLastPathComponent().appending(path: "image").path
        _ = try bench.copy(Disk(kept), as: URL(filePath: swap).lastPathComponent)
    }

    /// A number from what `kresume inspect` says of the image on the disk.
    func inspect(_ name: String) throws -> Double {
        let text = try Host.run([Host.kresume, "inspect", "--json", swap])
        let fields = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        guard let number = fields?[name] as? NSNumber else { throw BenchmarkError.noNumber(name) }
        return number.doubleValue
    }
}
