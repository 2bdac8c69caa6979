// SPDX-License-Identifier: GPL-2.0-or-later

import SaverPlan
import Threads

/// The threads that carry pages between memory and device.
package enum Workers {
    /// How many may wait for the disk without a CPU being idle; so many transfers are on their way.
    private static let waiting = 4

    package static var count: Int {
        min(Parallel.usableCPUs + waiting, RestoreKernel.threadLimit)
    }
}
