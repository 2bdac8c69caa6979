// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

package enum Uptime {
    /// Since this kernel started, without the time it was suspended. The corresponding C function
    /// is `clock_gettime` with `CLOCK_MONOTONIC`.
    package static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
