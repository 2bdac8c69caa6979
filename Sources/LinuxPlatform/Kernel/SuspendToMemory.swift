// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// The machine sleeps, and only its memory has power: ACPI's S3, which the kernel calls `deep`.
package enum SuspendToMemory {
    /// Not in suspend-to-idle, the other kind: only a kernel that has all drivers saves power there.
    private static let mode = "deep"

    /// Whether kernel and firmware offer it. Source: `mem_sleep_show`, kernel/power/main.c, Linux 6.12:
    /// "s2idle [deep]", with what is chosen in brackets; there is no such file without CONFIG_SUSPEND.
    package static func isPossible(sysfs: FilePath = "/sys") -> Bool {
        guard let line = try? SystemFile.line(sysfs.appending("power/mem_sleep")) else {
            return false
        }
        return line.split { " []".contains($0) }.contains(mode[...])
    }

    /// Returns when the machine is awake again. Throws EBUSY where something was to wake it already, a
    /// process does not stand still, or a driver refuses; see ``DeviceRefusals``.
    package static func run(sysfs: FilePath = "/sys") throws(PlatformError) {
        try SystemFile.write(mode, to: sysfs.appending("power/mem_sleep"))
        try SystemFile.write("mem", to: sysfs.appending("power/state"))
    }
}
