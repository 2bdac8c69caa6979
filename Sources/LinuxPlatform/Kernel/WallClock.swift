// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

package enum WallClock {
    /// Seconds since 1970-01-01 00:00 UTC. The corresponding C function is `time`.
    package static func now() -> UInt64 { UInt64(max(0, time(nil))) }
}
