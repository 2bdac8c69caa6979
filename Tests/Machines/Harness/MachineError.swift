// SPDX-License-Identifier: GPL-2.0-or-later

/// Why a test could not go on. `late` and `gone` are lost machines, `returned` is a wrong result.
package enum MachineError: Error {
    /// Nothing started: the errno, and what was to be done.
    case notStarted(Int32, String)
    /// A host tool failed.
    case tool([String], status: Int32, output: String)
    /// What was waited for did not come before the deadline.
    case late(machine: String, waitingFor: String, limit: Duration, console: Substring)
    /// The machine stopped first, for the reason that QEMU gave.
    case gone(machine: String, waitingFor: String, reason: String, console: Substring)
    /// QEMU crashed, which says nothing of the machine in it.
    case crashed(machine: String, signal: Int32)
    /// The kernel hangs in its own hibernation, in which nobody of ours has a part: an emulated machine does it
    /// now and then.
    case stuck(machine: String, console: Substring)
    /// The kernel ran into an instruction that is not in its memory; see `Machine`.
    case staleCode(machine: String, console: Substring)
    /// A command came back although it should not have.
    case returned(machine: String, command: String, Reply, console: Substring)
}

extension MachineError {
    /// It says nothing of what is tested.
    var isTheEmulators: Bool {
        switch self {
        case .crashed, .stuck, .staleCode: true
        default: false
        }
    }
}

extension MachineError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notStarted(let errno, let what):
            "could not start: \(what): errno \(errno)"
        case .tool(let command, let status, let output):
            "\(command.joined(separator: " ")): status \(status)\n\(output)"
        case .late(let machine, let what, let limit, let console):
            """
            machine lost: \(machine): no \(what) within \(limit)
            --- its console's end:
            \(console)
            """
        case .gone(let machine, let what, let reason, let console):
            """
            machine lost: \(machine) stopped (\(reason)) before \(what)
            --- its console's end:
            \(console)
            """
        case .stuck(let machine, let console):
            """
            \(machine): the kernel hangs in its own hibernation
            --- its console's end:
            \(console)
            """
        case .staleCode(let machine, let console):
            """
            \(machine): the emulated processor ran code that is not there
            --- its console's end:
            \(console)
            """
        case .crashed(let machine, let signal): "\(machine): QEMU crashed by signal \(signal)"
        case .returned(let machine, let command, let reply, let console):
            """
            \(machine): `\(command)` returned with status \(reply.status):
            \(reply.output)
            --- the console's end:
            \(console)
            """
        }
    }
}
