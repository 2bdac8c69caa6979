// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc

/// The machine's end. Nothing here writes out what file systems hold back: call ``sync()`` first
/// where any is mounted.
package enum Power {
    /// Does not return where it succeeds. The corresponding C function is `reboot`.
    package static func off() throws(PlatformError) {
        try systemCall(.reboot) { linux_reboot_power_off() }
    }

    /// Writes out every file system. The corresponding C function is `sync`.
    package static func sync() { Glibc.sync() }
}
