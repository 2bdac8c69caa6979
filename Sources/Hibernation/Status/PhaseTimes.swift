// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// How long the parts of some work took, one after the other.
struct PhaseTimes: Sendable {
    private let machine: any KernelFacts
    /// Since the kernel began to count, in nanoseconds.
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
        phases.append((name, now - min(now, last)))
        last = now
    }

    /// "3.412 s".
    var total: String { Self.seconds(last - start) }

    /// "tables 0.051 s, memory 1.200 s".
    var parts: String {
        phases.map { "\($0.name) \(Self.seconds($0.nanoseconds))" }.joined(separator: ", ")
    }

    /// The same, after what went on before, for a kernel that was started for this.
    var partsSinceBoot: String { "boot \(Self.seconds(start)), \(parts)" }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        // The leading one keeps the zeroes.
        return "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst()) s"
    }
}
