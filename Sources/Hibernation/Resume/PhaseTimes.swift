// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// How long the parts of a resume took, one after the other.
struct PhaseTimes: CustomStringConvertible {
    private let machine: any KernelFacts
    private let start: UInt64
    private var last: UInt64
    private var phases: [(name: String, nanoseconds: UInt64)] = []

    init(_ machine: any KernelFacts) {
        self.machine = machine
        start = machine.uptime()
        last = start
    }

    /// What went on since the last phase, or since the beginning, was `name`.
    mutating func end(_ name: String) {
        let now = machine.uptime()
        phases.append((name, now - last))
        last = now
    }

    /// "3.412 s to the jump: tables 0.051 s, memory 1.200 s".
    var description: String {
        "\(Self.seconds(last - start)) to the jump: "
            + phases.map { "\($0.name) \(Self.seconds($0.nanoseconds))" }.joined(separator: ", ")
    }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        // The leading one keeps the zeroes.
        return "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst()) s"
    }
}
