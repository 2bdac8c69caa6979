// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// Who is told of settings: before one is changed, and when it has its value again.
package protocol SettingsWitness: Sendable {
    func willChange(_ name: String, from value: String)
    func didRestore(_ name: String, to value: String)
}

/// While it lives, the kernel does not move this process's pages about.
///
/// Compaction otherwise moves locked pages too, and NUMA balancing any page
/// (`vm.compact_unevictable_allowed` and `kernel.numa_balancing`,
/// Documentation/admin-guide/sysctl/, Linux 6.12). A kernel without a setting does not do what it
/// is about.
package final class QuietMemory: Sendable {
    package static let settings = ["vm/compact_unevictable_allowed", "kernel/numa_balancing"]
    private let machine: any KernelFacts
    private let witness: (any SettingsWitness)?
    private let old: [(name: String, value: String)]

    package init(_ machine: any KernelFacts, _ witness: (any SettingsWitness)? = nil) throws {
        self.machine = machine
        self.witness = witness
        var old: [(name: String, value: String)] = []
        do {
            for name in Self.settings {
                guard let value = try machine.sysctl(name) else { continue }
                witness?.willChange(name, from: value)
                old.append((name, value))
                try machine.setSysctl(name, to: "0")
            }
        } catch {
            Self.restore(old, machine, witness)
            throw error
        }
        self.old = old
    }

    deinit { Self.restore(old, machine, witness) }

    /// The boot goes on now, and a failure is no reason to stop it.
    private static func restore(
        _ old: [(name: String, value: String)], _ machine: any KernelFacts,
        _ witness: (any SettingsWitness)?
    ) {
        for (name, value) in old where (try? machine.setSysctl(name, to: value)) != nil {
            witness?.didRestore(name, to: value)
        }
    }
}
