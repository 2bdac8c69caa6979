// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import SystemPackage

package enum CPU {
    /// Whether the CPU can page with 5 levels, even where the running kernel does not.
    package static var hasFiveLevelPaging: Bool { linux_cpu_has_la57() != 0 }

    /// How many CPUs the machine has, whoever may run on them.
    package static func presentCount(
        sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> Int {
        let path = sysfs.appending("devices/system/cpu/present")
        // Ranges with commas between, as `cpumap_print_to_pagebuf` writes them (Linux 6.12).
        var count = 0
        for part in try SystemFile.line(path).split(separator: ",") {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false)
                .map { UInt32($0) }
            guard bounds.count <= 2, let first = bounds[0], let last = bounds[bounds.count - 1],
                first <= last, last < 1 << 20
            else { throw .malformed(path: path, line: 1) }
            count += Int(last - first) + 1
        }
        if count == 0 { throw .malformed(path: path, line: 1) }
        return count
    }

    /// Lets this thread, and those that it starts, run on any CPU. Where that fails, they stay where
    /// they are. The corresponding C function is `sched_setaffinity`.
    package static func useAll() { _ = linux_run_on_all_cpus() }
}
