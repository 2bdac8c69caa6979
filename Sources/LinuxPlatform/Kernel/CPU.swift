// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux

package enum CPU {
    /// Whether the CPU can page with 5 levels, even where the running kernel does not.
    package static var hasFiveLevelPaging: Bool { linux_cpu_has_la57() != 0 }
}
