// SPDX-License-Identifier: GPL-2.0-or-later

import SaverPlan
import Threads

/// The threads that carry pages between memory and device.
package enum Workers {
    package static var count: Int { RestoreKernel.threadCount(cpus: Parallel.usableCPUs) }
}
