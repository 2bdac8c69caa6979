// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import Synchronization

/// One run of QEMU, from power-on to power-off. A guest that hibernates leaves one machine and
/// comes back in another.
package final class Machine: Sendable {
    package let name: String
    private let transcript = Transcript()
    private let process: QEMUProcess
    private let captures = Atomic<Int>(0)

    /// QEMU's own complaints.
    private let errors: URL

    /// Powers the machine on. Its console is also written to `log`, and given to `watch`.
    init(
        _ name: String, _ configuration: Configuration, log: URL,
        watch: (@Sendable (String) -> Void)?
    ) throws {
        self.name = name
        let arguments = try configuration.arguments()
        try Data().write(to: log)
        let file = try FileHandle(forWritingTo: log)
        errors = log.deletingPathExtension().appendingPathExtension("qemu")
        let transcript = transcript
        process = try QEMUProcess(
            try configuration.emulator(), arguments: arguments, errors: errors.path
        ) { channel, bytes in
            if channel == .console {
                file.write(Data(bytes))
                watch?(String(decoding: bytes, as: UTF8.self))
            }
            transcript.append(bytes, to: channel)
        } ended: { channel in
            transcript.end(channel)
        }
        // QMP says nothing of events before this.
        process.write(#"{"execute":"qmp_capabilities"}"# + "\n", to: .monitor)
    }

    /// What the console has shown so far.
    package var console: String { transcript.now.console }

    /// QEMU has ended, and all that it said was heard.
    var isOff: Bool { transcript.now.isOver }

    // MARK: Commands

    /// Sends a shell command, and does not wait.
    package func send(_ command: String) -> Request {
        let request = Request(command)
        process.write(request.line, to: .control)
        return request
    }

    /// Runs a shell command in the guest.
    package func run(_ command: String, limit: Duration = .seconds(120)) throws -> Reply {
        try waitForReply(to: send(command), limit: limit)
    }

    package func waitForReply(
        to request: Request, limit: Duration = .seconds(120)
    ) throws -> Reply {
        try wait(for: "reply to `\(request.command)`", limit: limit) {
            Reply(to: request, in: $0.control)
        }
    }

    /// Waits until the control channel of a freshly booted guest is open.
    package func waitUntilBooted(limit: Duration = .seconds(180)) throws {
        _ = try waitForReply(to: .ready, limit: limit)
    }

    /// The reply of the boot command, where it came back.
    package func waitForBootCommand(limit: Duration = .seconds(300)) throws -> Reply {
        try waitForReply(to: .boot, limit: limit)
    }

    /// Waits for the guest that was asked `request` to come back in this machine, which boots a
    /// restore kernel. Throws ``MachineError/returned`` where that kernel's boot command comes
    /// back, or its control channel opens, instead; or where `restorer` comes back, a command that
    /// was sent to restore it.
    package func waitForReturn(
        of request: Request, by restorer: Request? = nil, limit: Duration = .seconds(300)
    ) throws -> Reply {
        let others = restorer.map { [$0] } ?? [.boot, .ready]
        let (first, reply) = try wait(for: "reply to `\(request.command)`", limit: limit) {
            contents in
            ([request] + others).lazy.compactMap { request in
                Reply(to: request, in: contents.control).map { (request, $0) }
            }.first
        }
        guard first == request else { throw returned(first, reply) }
        return reply
    }

    /// Types on the console.
    package func type(_ text: String) { process.write(text, to: .console) }

    /// Presses a key of the keyboard and lets it go. Names are QEMU's, such as `esc`.
    package func press(_ key: String) {
        command("send-key", #"{"keys":[{"type":"qcode","data":"\#(key)"}]}"#)
    }

    /// Presses the power button.
    package func pressPowerButton() { command("system_powerdown", "{}") }

    /// Wakes a machine that sleeps, as a key of the keyboard would.
    package func wakeUp() { command("system_wakeup", "{}") }

    /// Plugs the disk at this place of its configuration, counted from 0, into a running machine, as a virtio
    /// device in this slot (hexadecimal).
    package func plug(disk index: Int, slot: String) {
        command(
            "device_add",
            #"{"driver":"virtio-blk-pci","drive":"disk\#(index)","addr":"\#(slot)","id":"plugged"}"#
        )
    }

    /// Takes memory away from a guest with a balloon until it has so much, in MiB.
    package func inflateBalloon(until memory: Int) {
        command("balloon", #"{"value":\#(memory << 20)}"#)
    }

    private func command(_ name: String, _ arguments: String) {
        process.write(#"{"execute":"\#(name)","arguments":\#(arguments)}"# + "\n", to: .monitor)
    }

    // MARK: Events

    /// Waits until the console shows `text`, or has already.
    package func waitForConsole(_ text: String, limit: Duration = .seconds(180)) throws {
        _ = try wait(for: "`\(text)` on the console", limit: limit) { contents in
            contents.console.contains(text) ? true : nil
        }
    }

    /// Waits until what the console has shown since `start` is as it should be.
    ///
    /// - Parameter start: of ``console``.
    package func waitForConsole(
        since start: Int, limit: Duration = .seconds(180), until isThere: (Substring) -> Bool
    ) throws {
        _ = try wait(for: "words on the console", limit: limit) { contents in
            isThere(contents.console.dropFirst(start)) ? true : nil
        }
    }

    /// Waits until the guest has switched the machine off. Throws where it was reset instead, or
    /// where `request`, which should have switched it off, comes back.
    package func waitForPowerOff(
        by request: Request? = nil, limit: Duration = .seconds(300)
    ) throws {
        do {
            let reply = try wait(for: "power-off", limit: limit) { contents -> Reply?? in
                if let request, let reply = Reply(to: request, in: contents.control) {
                    return .some(reply)
                }
                return contents.isOver && contents.shutdownReason == "guest-shutdown"
                    ? .some(nil) : nil
            }
            if let request, let reply { throw returned(request, reply) }
        } catch MachineError.late(_, _, _, let tail) where isInKernelsHibernation {
            throw MachineError.stuck(machine: name, console: tail)
        }
    }

    /// `hibernate`, kernel/power/hibernate.c, Linux 6.1 and 6.12, which is never called for a jump.
    private var isInKernelsHibernation: Bool {
        guard
            let entry = console.range(of: "PM: hibernation: hibernation entry", options: .backwards)
        else { return false }
        return !console[entry.upperBound...].contains("PM: hibernation: hibernation exit")
    }

    /// Waits until the guest starts the machine again, which ends this run of QEMU.
    package func waitForRestart(limit: Duration = .seconds(300)) throws {
        _ = try wait(for: "restart", limit: limit) { contents in
            contents.isOver && contents.shutdownReason == "guest-reset" ? true : nil
        }
    }

    /// Waits until the machine sleeps with its memory kept, for the `count`th time. Throws where `request`,
    /// which should have it sleep, comes back.
    package func waitForSleep(
        by request: Request, count: Int = 1, limit: Duration = .seconds(300)
    ) throws {
        let reply = try wait(for: "sleep", limit: limit) { contents -> Reply?? in
            if let reply = Reply(to: request, in: contents.control) { return .some(reply) }
            let events = contents.monitor.components(separatedBy: #""event": "SUSPEND""#)
            return events.count > count ? .some(nil) : nil
        }
        if let reply { throw returned(request, reply) }
    }

    /// Waits until a disk's fault has stopped the machine.
    package func waitForStop(limit: Duration = .seconds(300)) throws {
        _ = try wait(for: "stop at a disk's fault", limit: limit) { contents in
            contents.monitor.contains(#""event": "STOP""#) ? true : nil
        }
    }

    /// Writes what a display device shows to a file of the host, as PPM.
    package func capture(_ path: String, of device: String) throws {
        let id = "capture-\(captures.add(1, ordering: .relaxed).newValue)"
        let arguments = #"{"filename":"\#(path)","device":"\#(device)"}"#
        process.write(
            #"{"execute":"screendump","arguments":\#(arguments),"id":"\#(id)"}"# + "\n",
            to: .monitor)
        let answer = try wait(for: "picture of \(device)", limit: .seconds(30)) { contents in
            contents.monitor.split(separator: "\n").first { $0.contains(#""id": "\#(id)""#) }
        }
        guard answer.contains(#""return""#) else {
            throw MachineError.notStarted(EIO, "\(path): \(answer)")
        }
    }

    /// Asks the guest to switch the machine off, and waits.
    package func powerOff() throws {
        _ = send("poweroff -f")
        try waitForPowerOff()
    }

    /// Cuts the power, and waits until QEMU is gone.
    package func kill() {
        process.kill()
        _ = transcript.wait(limit: .seconds(30)) { _ -> Bool? in nil }
    }

    /// Ends QEMU as by a fault of its own.
    package func crash() { process.crash() }

    /// What QEMU took of the host's processors. Waits for its end.
    var processorTime: Duration { process.processorTime }

    // MARK: Waiting

    private static let tellsTimes = ProcessInfo.processInfo.environment["KRESUME_TIMES"] != nil

    private func wait<Value>(
        for what: String, limit: Duration, _ find: (Transcript.Contents) -> Value?
    ) throws -> Value {
        let start = ContinuousClock.now
        defer {
            if Self.tellsTimes {
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                let used = process.processorTimeSoFar / .seconds(1)
                print(
                    String(
                        format: "  %@: %.1f s, and %.1f s of a processor since it is on, for %@",
                        name, seconds, used, what))
            }
        }
        switch transcript.wait(limit: limit, for: find) {
        case .found(let value): return value
        case .late:
            throw MachineError.late(
                machine: name, waitingFor: what, limit: limit, console: consoleTail)
        case .over:
            if let signal = process.crashSignal {
                throw MachineError.crashed(machine: name, signal: signal)
            }
            if hasRunStaleCode {
                throw MachineError.staleCode(machine: name, console: consoleTail)
            }
            throw MachineError.gone(
                machine: name, waitingFor: what, reason: stopReason, console: consoleTail)
        }
    }

    /// Whether the kernel stopped at a breakpoint that is not there: it replaces its code by way of such
    /// instructions, and one of QEMU's processors may run what another one has replaced.
    private var hasRunStaleCode: Bool {
        guard let oops = console.range(of: "Oops: int3"),
            let code = console[oops.upperBound...].range(of: "Code: ")
        else { return false }
        let bytes = console[code.upperBound...].prefix { !$0.isNewline }.split(separator: " ")
        guard let next = bytes.firstIndex(where: { $0.hasPrefix("<") }), next > 0 else {
            return false
        }
        return bytes[next - 1] != "cc"
    }

    private func returned(_ request: Request, _ reply: Reply) -> MachineError {
        .returned(machine: name, command: request.command, reply, console: consoleTail)
    }

    /// QEMU's word for it (`guest-shutdown`, `guest-reset`...), or its last complaint.
    private var stopReason: String {
        if let reason = transcript.now.shutdownReason { return reason }
        let complaint = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
        return complaint.isEmpty ? "killed" : complaint.trimmingCharacters(in: .newlines)
    }

    private var consoleTail: Substring { console.suffix(3000) }
}

extension Transcript.Contents {
    /// The reason in QMP's event SHUTDOWN.
    fileprivate var shutdownReason: String? {
        guard let event = monitor.range(of: #""event": "SHUTDOWN""#),
            let reason = monitor[event.upperBound...].range(of: #""reason": ""#)
        else { return nil }
        return String(monitor[reason.upperBound...].prefix { $0 != "\"" })
    }
}
