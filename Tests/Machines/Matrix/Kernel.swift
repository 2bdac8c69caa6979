// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness

/// A kernel that machines of the matrix run.
struct Kernel: Sendable {
    let system: System
    /// Whether a machine can jump out of it and be jumped back into: KEXEC_JUMP.
    let canBeLeft: Bool
    /// By `uname -r`.
    let release: String

    init(_ system: System, canBeLeft: Bool) throws {
        self.system = system
        self.canBeLeft = canBeLeft
        release = try system.release()
    }

    /// Debian's own of the series between those of ``all()``, the oldest first.
    static func between() throws -> [Kernel] {
        try System.newerSeries().dropLast().map { try Kernel(.debianSeries($0), canBeLeft: false) }
    }

    /// Those that there are, the oldest first.
    static func all() throws -> [Kernel] {
        let candidates = [
            (System.debian, false), (.test, true), (.newestDebian, false), (.newest, true),
        ]
        return try candidates.filter { try $0.0.isThere() }.map {
            try Kernel($0.0, canBeLeft: $0.1)
        }
    }
}

extension Kernel: Equatable {
    static func == (one: Kernel, other: Kernel) -> Bool { one.release == other.release }
}
