// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// While it lives, the kernel does not move this process's pages about.
///
/// Compaction otherwise moves locked pages too (`vm.compact_unevictable_allowed`,
/// Documentation/admin-guide/sysctl/vm.rst, Linux 6.12). A kernel without the setting has no
/// compaction.
final class QuietMemory {
    private static let compaction = "vm/compact_unevictable_allowed"
    private let oldCompaction: String?

    init() throws {
        oldCompaction = try Sysctl.value(Self.compaction)
        if oldCompaction != nil { try Sysctl.set(Self.compaction, to: "0") }
    }

    deinit {
        // The boot goes on now, and this is no reason to stop it.
        if let oldCompaction { _ = try? Sysctl.set(Self.compaction, to: oldCompaction) }
    }
}
