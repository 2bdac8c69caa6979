// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// While it lives, the kernel does not move this process's pages about.
///
/// Compaction otherwise moves locked pages too, and NUMA balancing any page
/// (`vm.compact_unevictable_allowed` and `kernel.numa_balancing`,
/// Documentation/admin-guide/sysctl/, Linux 6.12). A kernel without a setting does not do what it
/// is about.
package final class QuietMemory: Sendable {
    private static let settings = ["vm/compact_unevictable_allowed", "kernel/numa_balancing"]
    private let machine: any KernelFacts
    private let old: [(name: String, value: String)]

    package init(_ machine: any KernelFacts) throws {
        self.machine = machine
        var old: [(name: String, value: String)] = []
        for name in Self.settings where try machine.sysctl(name) != nil {
            old.append((name, try machine.setSysctl(name, to: "0")))
        }
        self.old = old
    }

    deinit {
        // The boot goes on now, and this is no reason to stop it.
        for (name, value) in old { _ = try? machine.setSysctl(name, to: value) }
    }
}
