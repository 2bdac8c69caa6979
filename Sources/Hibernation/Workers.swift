// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// The threads that carry pages between memory and device.
enum Workers {
    /// More than this gain nothing over any disk, and each takes memory that is scarce.
    private static let limit = 10
    /// How many may wait for the disk without a CPU being idle; so many transfers are on their way.
    private static let waiting = 4

    static var count: Int { min(Parallel.usableCPUs + waiting, limit) }

    /// What each of them takes for what it works on, in bytes.
    private static let bufferSize = 2 * UInt64(Chunk.pageLimit) * UInt64(PageFrame.size)

    /// What all of them take at most, in bytes.
    static let memoryLimit = UInt64(limit) * bufferSize
}
