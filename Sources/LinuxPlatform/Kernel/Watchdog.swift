// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// A watchdog that runs: the machine is reset if nobody tells it in time to wait.
package struct Watchdog: Hashable, Sendable {
    /// What its driver calls it: `i6300ESB timer`.
    package var name: String
    /// In seconds; empty where the kernel does not know.
    package var timeout: String

    package init(name: String, timeout: String) {
        self.name = name
        self.timeout = timeout
    }

    /// Those that stand still while the kernel that runs them does: a timer of that kernel's, and those that
    /// their drivers stop when devices are suspended. Source: `softdog_info`, softdog.c;
    /// `iTCO_wdt_suspend_noirq`, iTCO_wdt.c; `wdat_wdt_suspend_noirq`, wdat_wdt.c; `xen_wdt_suspend`,
    /// xen_wdt.c; in drivers/watchdog, Linux 6.12.
    private static let harmless: Set = ["Software Watchdog", "iTCO_wdt", "wdat_wdt", "xen_wdt"]

    /// Those that count while another kernel has the machine. None where the kernel does not show its
    /// watchdogs. Source: `wdt_attrs`, drivers/watchdog/watchdog_dev.c, Linux 6.12 (CONFIG_WATCHDOG_SYSFS,
    /// since 4.6).
    package static func counting(sysfs: FilePath = "/sys") throws(PlatformError) -> [Watchdog] {
        let directory = sysfs.appending("class/watchdog")
        guard SystemFile.exists(directory) else { return [] }
        var found: [Watchdog] = []
        for entry in try SystemFile.names(in: directory) {
            let files = directory.appending(entry)
            let name = try SystemFile.lineIfPresent(files.appending("identity")) ?? entry
            guard try SystemFile.lineIfPresent(files.appending("state")) == "active",
                !harmless.contains(name)
            else { continue }
            let timeout = try SystemFile.lineIfPresent(files.appending("timeout"))
            found.append(Watchdog(name: name, timeout: timeout ?? ""))
        }
        return found
    }
}
