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

    /// What each of them takes for what it works on, in bytes: a chunk as it is stored, and
    /// unpacked.
    private static let bufferSize = 2 * UInt64(Chunk.pageLimit) * UInt64(PageFrame.size)

    /// What the kernel notes of each page of ours in page tables and in the list of those that are
    /// pinned is 24 bytes; in bytes.
    private static let notedPerPage: UInt64 = 32

    /// What must be left to a restore kernel that loads `pages` pages, in bytes.
    package static func reserve(forLoading pages: UInt64) -> UInt64 {
        reserve + UInt64(threadLimit) * bufferSize
            + min(pages, PageFrame.limit.rawValue) * notedPerPage
    }

    /// How much of `ram` an image can have: what is sure to be, not what is just possible. In bytes.
    ///
    /// - Parameter kernel: what kernel and initramfs need to come up; those that restore need about
    ///   as much as those that save.
    package static func room(ram: UInt64, kernel: UInt64) -> UInt64 {
        // 64 bytes of each page's 4096 go to its descriptor.
        let usable = ram - ram / 64
        let needed = kernel + reserve(forLoading: usable / UInt64(PageFrame.size))
        return usable - min(usable, needed)
    }

    /// The smallest image of a machine that has `used` bytes in use, in bytes. What is used is
    /// packed to about a half; less than a third has not been seen.
    package static func leastImageSize(used: UInt64) -> UInt64 { used / 3 }
}
