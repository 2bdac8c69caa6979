// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux

package enum CPU {
    /// Whether the CPU can page with 5 levels, even where the running kernel does not.
    package static var hasFiveLevelPaging: Bool { linux_cpu_has_la57() != 0 }

    /// Lets this thread, and those that it starts, run on any CPU. Where that fails, they stay where
    /// they are. The corresponding C function is `sched_setaffinity`.
    package static func useAll() { _ = linux_run_on_all_cpus() }
}
