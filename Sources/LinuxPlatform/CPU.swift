// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux

public enum CPU {
    /// Whether the CPU can page with 5 levels, even where the running kernel does not.
    public static var hasFiveLevelPaging: Bool { linux_cpu_has_la57() != 0 }
}
