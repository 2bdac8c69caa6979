// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// The machine's end. Nothing here writes out what file systems hold back: call ``sync()`` first
/// where any is mounted.
package enum Power {
    /// Does not return where it succeeds. The corresponding C function is `reboot`.
    package static func off() throws(PlatformError) {
        try systemCall(.reboot) { linux_reboot_power_off() }
    }

    /// Starts the machine again. Does not return where it succeeds.
    package static func restart() throws(PlatformError) {
        try systemCall(.reboot) { linux_reboot_restart() }
    }

    /// Has the kernel panic, where it lets root do that. Does not return where it succeeds.
    ///
    /// Source: Documentation/admin-guide/sysrq.rst, Linux 6.12: the trigger works whatever the
    /// setting kernel.sysrq says. A kernel without CONFIG_MAGIC_SYSRQ has no such file.
    package static func panic() throws(PlatformError) {
        try SystemFile.write("c", to: "/proc/sysrq-trigger")
    }

    /// Writes out every file system. The corresponding C function is `sync`.
    package static func sync() { Glibc.sync() }
}
