// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness

/// How a machine hibernates, and the words by which its trial is known.
enum Way: Sendable {
    case own, stock

    /// The command, in the guest.
    func command(to device: String, saver: String = "") -> String {
        switch self {
        case .own: "kresume hibernate \(device) --verbose \(saver)"
        case .stock:
            // It may be in use already.
            "swapon \(device) 2>/dev/null; "
                + "echo shutdown >/sys/power/disk && echo disk >/sys/power/state"
        }
    }
}

/// A machine goes off and comes back, with work in it.
struct RoundTrip {
    /// Of the original kernel; the last disk is the ext4 for its work.
    var original: Configuration
    var restore: Configuration
    var swap = "/dev/vda"
    var work = "/dev/vdb"
    /// Before the work begins.
    var prepare: (Machine) throws -> Void = { _ in }
    /// When the restore kernel runs.
    var meanwhile: (Machine) throws -> Void = { _ in }
    /// Before it resumes.
    var restorePreparation = ""
    /// Prints what is to be the same afterwards.
    var state = "true"

    /// - Returns: what the console of the original kernel and of its saver showed.
    func run(by command: String, on bench: Bench) throws -> String {
        let machine = try bench.start("original", original)
        try machine.waitUntilBooted(limit: .seconds(300))
        try prepare(machine)
        try machine.expect("work start 64 \(work)")
        let before = try machine.output(of: state)

        let request = machine.send(command)
        try machine.waitForPowerOff(by: request)
        let back = try bench.start("back", restore)
        try back.waitUntilBooted(limit: .seconds(300))
        try meanwhile(back)
        let resume = back.send("\(restorePreparation)kresume resume \(swap)")
        let reply = try back.waitForReturn(of: request, by: resume)
        guard reply.status == 0, back.console.contains("kresume: going back") else {
            throw Failure(description: "status \(reply.status): \(reply.output)")
        }
        try back.expect("work check")
        let after = try back.output(of: state)
        guard after == before else {
            throw Failure(description: "\(state): \(before), and now \(after)")
        }
        // The area is plain swap again.
        try back.expect("swapoff \(swap) 2>/dev/null; swapon \(swap) && swapoff \(swap)")
        try back.expect("work stop")
        try back.powerOff()
        for disk in original.disks where disk.path.hasSuffix("ext4") {
            try bench.checkFileSystem(disk.path)
        }
        return machine.console
    }
}

extension Machine {
    func expect(_ command: String) throws { _ = try output(of: command) }

    /// Throws where its status is not 0.
    func output(of command: String) throws -> String {
        let reply = try run(command, limit: .seconds(300))
        guard reply.status == 0 else {
            throw Failure(description: "\(command): status \(reply.status): \(reply.output)")
        }
        return reply.output
    }
}
