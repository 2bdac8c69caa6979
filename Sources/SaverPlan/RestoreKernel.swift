// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory

/// How memory is divided between a restore kernel and the image that it loads.
package enum RestoreKernel {
    /// What a restore kernel that is up needs for itself while the image is loaded, in bytes: with
    /// less it was seen to deadlock.
    package static let reserve: UInt64 = 40 << 20

    /// How many threads load an image at most. More gain nothing over any disk, and each takes
    /// memory that is scarce.
    package static let threadLimit = 10

    /// How many may wait for the disk without a CPU being idle; so many transfers are on their way.
    private static let waiting = 4

    package static func threadCount(cpus: Int) -> Int { min(cpus + waiting, threadLimit) }

    /// What each of them takes for what it works on, in bytes: a chunk as it is stored, and
    /// unpacked.
    private static let bufferSize = 2 * UInt64(Chunk.pageLimit) * UInt64(PageFrame.size)

    /// What the kernel notes of each page of ours in page tables and in the list of those that are
    /// pinned is 24 bytes; in bytes.
    private static let notedPerPage: UInt64 = 32

    /// What must be left to a restore kernel that loads `pages` pages, in bytes.
    ///
    /// - Parameter runs: how many there are of them, if that is known; then their tables count.
    package static func reserve(forLoading pages: UInt64, runs: UInt64? = nil) -> UInt64 {
        let pages = min(pages, PageFrame.limit.rawValue)
        return reserve + UInt64(threadLimit) * bufferSize + pages * notedPerPage
            + (runs.map { tables(runs: $0, dataPages: pages) } ?? 0)
    }

    /// What a restore kernel needs for an image's tables, its plan and the list of moves, in bytes,
    /// at most. Only the list depends on which memory it happens to get, and the moves of a run are
    /// as many as the pieces of that: here 16 pages each, and huge pages are what is asked for.
    ///
    /// - Parameter runs: of the image.
    package static func tables(runs: UInt64, dataPages: UInt64) -> UInt64 {
        runs * tablesPerRun + dataPages * tablesPerPage
    }

    /// Measured: 113 in runs of 1 page, the list among them (`RestorePeakTests`).
    private static let tablesPerRun: UInt64 = 256
    private static let tablesPerPage: UInt64 = 12

    /// How much of `ram` an image can have: what is sure to be, not what is just possible. In bytes.
    ///
    /// - Parameters:
    ///   - kernel: what kernel and initramfs need to come up; those that restore need about as much as
    ///     those that save.
    ///   - unlocking: what it takes to make a key of a passphrase meanwhile, in bytes.
    package static func room(ram: UInt64, kernel: UInt64, unlocking: UInt64 = 0) -> UInt64 {
        // 64 bytes of each page's 4096 go to its descriptor.
        let usable = ram - ram / 64
        let needed =
            kernel + reserve(forLoading: usable / UInt64(PageFrame.size))
            + unlocking
        return usable - min(usable, needed)
    }

    /// The smallest image of a machine that has `used` bytes in use, in bytes. What is used is
    /// packed to about a half; less than a third has not been seen.
    package static func leastImageSize(used: UInt64) -> UInt64 { used / 3 }
}
