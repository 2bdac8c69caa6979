// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import StoppedKernel
import TestSupport

/// The search for free pages among the page descriptors of a large machine, as a saver kernel does it: they
/// are looked at where they lie. Every second page is free by itself, so that none is passed over.
struct Walk {
    let gibibytes: UInt64

    /// - Returns: seconds, on the clock, and how many pages were free.
    func measure() throws -> (seconds: Double, free: UInt64) {
        let kernel = LargeKernel(gibibytes: gibibytes, used: gibibytes, isWhole: true)
        let begin = ContinuousClock.now
        let found = try FreePages(
            LargeKernel.info, ram: kernel.ram, read: kernel.read, view: kernel.view)
        let seconds = begin.duration(to: .now) / .seconds(1)
        precondition(found.frames.count == kernel.freePages, "all that is free is found")
        return (seconds, kernel.freePages)
    }
}
