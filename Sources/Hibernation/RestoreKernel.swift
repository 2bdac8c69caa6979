// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// How memory is divided between a restore kernel and the image that it loads.
enum RestoreKernel {
    /// What a restore kernel that is up needs for itself while the image is loaded, in bytes: with
    /// less it was seen to deadlock.
    static let reserve: UInt64 = 40 << 20

    /// The same with the threads' buffers, and what the kernel notes of `pages` pages of ours in
    /// page tables and in the list of those that are pinned: 24 bytes of each.
    static func reserve(forLoading pages: UInt64) -> UInt64 {
        reserve + Workers.memoryLimit + min(pages, PageFrame.limit.rawValue) * 32
    }

    /// How much of `ram` an image can have: what is sure to be, not what is just possible. In bytes.
    ///
    /// - Parameter kernel: what kernel and initramfs need to come up; those that restore need about
    ///   as much as those that save.
    static func room(ram: UInt64, kernel: UInt64) -> UInt64 {
        // 64 bytes of each page's 4096 go to its descriptor.
        let usable = ram - ram / 64
        let needed = kernel + reserve(forLoading: usable / UInt64(PageFrame.size))
        return usable - min(usable, needed)
    }
}
