// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// How often devices refused to be stopped since the boot, and which one did last.
package struct DeviceRefusals: Hashable, Sendable {
    package var count: Int
    /// As the kernel's bus calls it: `0000:00:05.0`, `virtio1`; empty where none ever refused.
    package var last: String

    package init(count: Int, last: String) {
        self.count = count
        self.last = last
    }

    /// Nil where the kernel does not count. Source: `suspend_attrs`, kernel/power/main.c, and
    /// `dpm_save_failed_step`, called for every kind of suspending, Linux 6.12; since 5.4.
    package static func current(sysfs: FilePath = "/sys") -> DeviceRefusals? {
        let directory = sysfs.appending("power/suspend_stats")
        var count = 0
        for step in ["prepare", "suspend", "suspend_late", "suspend_noirq"] {
            guard let line = try? SystemFile.line(directory.appending("failed_\(step)")),
                let number = Int(line)
            else { return nil }
            count += number
        }
        let last = (try? SystemFile.line(directory.appending("last_failed_dev"))) ?? ""
        return DeviceRefusals(count: count, last: last)
    }
}
