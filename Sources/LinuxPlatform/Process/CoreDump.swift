// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc

/// What of this process others could get to see.
package enum CoreDump {
    /// Its memory is in no core dump from now on, and no process of another user can look into it.
    /// That it cannot be done is no reason not to go on. The corresponding C functions are `prctl` and
    /// `setrlimit`.
    package static func forbid() {
        _ = linux_hide_memory()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}
