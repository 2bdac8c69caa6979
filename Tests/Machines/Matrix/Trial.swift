// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

/// A machine with work in it that hibernates and comes back, with a kernel for each part.
struct Trial: Sendable {
    let original: Kernel
    /// Nil: the original kernel hibernates by itself.
    let saver: Kernel?
    let restorer: Kernel

    /// Each kernel's own images, restored by each.
    static func stockImages(_ kernels: [Kernel]) -> [Trial] {
        kernels.flatMap { original in
            kernels.map { Trial(original: original, saver: nil, restorer: $0) }
        }
    }

    /// Those in which at least two parts have the same kernel, of those that can have all.
    static func circles(_ kernels: [Kernel]) -> [Trial] {
        let jumping = kernels.filter(\.canBeLeft)
        return jumping.flatMap { original in
            kernels.flatMap { saver in
                kernels.map { Trial(original: original, saver: saver, restorer: $0) }
            }
        }.filter { trial in
            jumping.contains { kernel in
                [trial.original, trial.saver, trial.restorer].count { $0 == kernel } >= 2
            }
        }
    }

}

extension Trial: CustomStringConvertible {
    var description: String {
        if let saver { return "A \(original.release), B \(saver.release), C \(restorer.release)" }
        return "stock image of \(original.release), C \(restorer.release)"
    }
}

/// How a trial ended.
struct Outcome: Sendable {
    /// Nil: all was as it had been.
    var failure: String?
    /// What the saver said of free memory.
    var freeMemory = ""
    var seconds = 0
}

extension Outcome: CustomStringConvertible {
    var description: String {
        let end = failure.map { "FAILED: \($0)" } ?? "came back"
        return ([end, "\(seconds) s"] + (freeMemory.isEmpty ? [] : [freeMemory]))
            .joined(separator: ", ")
    }
}

struct Failure: Error, CustomStringConvertible {
    var description: String
}

extension Trial {
    func outcome(number: Int) -> Outcome {
        let begin = ContinuousClock.now
        var outcome: Outcome
        do {
            outcome = Outcome(
                freeMemory: try Bench.use("matrix-\(number)") { try attempt($0) } ?? "")
        } catch {
            outcome = Outcome(failure: "\(error)")
        }
        outcome.seconds = Int(begin.duration(to: .now).components.seconds)
        return outcome
    }

    private func attempt(_ bench: Bench) throws -> String? {
        let ext4 = try bench.ext4()
        var configuration = Configuration()
        configuration.system = original.system
        configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(ext4)]
        if let saver {
            configuration.initramfs = try original.system.initramfs(
                "matrix", with: ["saver": saver.system])
        }
        let machine = try bench.start("original", configuration)
        try machine.waitUntilBooted()
        try machine.expect("work start 64 /dev/vdb")

        var restore = configuration
        restore.system = restorer.system
        restore.initramfs = nil
        let (back, reply) = try bench.circle(
            machine, by: command, restore: restore.booting("kresume resume /dev/vda"), as: "back")
        guard reply.status == 0, back.console.contains("kresume: going back") else {
            throw Failure(description: "status \(reply.status): \(reply.output)")
        }
        try back.expect("work check")
        // The area is plain swap again.
        try back.expect("swapoff /dev/vda 2>/dev/null; swapon /dev/vda && swapoff /dev/vda")
        try back.expect("work stop")
        try back.powerOff()
        try bench.checkFileSystem(ext4)
        return saver == nil ? nil : freeMemory(machine.console)
    }

    private var command: String {
        saver == nil
            ? "swapon /dev/vda; echo shutdown >/sys/power/disk && echo disk >/sys/power/state"
            : """
            kresume hibernate /dev/vda --verbose --saver-kernel=/boot/kernel-saver \
            --saver-initrd=/boot/initramfs-saver
            """
    }

    /// "leaving out 618 MiB of free memory", or why it is saved.
    private func freeMemory(_ console: String) -> String {
        let line = console.split(whereSeparator: \.isNewline).first {
            $0.contains("leaving out ") || $0.contains("free memory is saved")
        }
        guard let line, let colon = line.firstRange(of: "kresume: ") else { return "" }
        return String(line[colon.upperBound...])
    }
}

extension Machine {
    func expect(_ command: String) throws {
        let reply = try run(command, limit: .seconds(300))
        guard reply.status == 0 else { throw Failure(description: "\(command): \(reply.output)") }
    }
}
