// SPDX-License-Identifier: GPL-2.0-or-later

/// What is left for an image in the memory of a restore kernel.
enum RestoreKernel {
    /// What a restore kernel that is up needs for itself while the image is loaded, in bytes: with
    /// less it was seen to deadlock.
    static let reserve: UInt64 = 40 << 20

    /// How much of `ram` an image can have: what is sure to be, not what is just possible. In bytes.
    ///
    /// - Parameter kernel: what kernel and initramfs need to come up; those that restore need about
    ///   as much as those that save.
    static func room(ram: UInt64, kernel: UInt64) -> UInt64 {
        // 64 bytes of each page's 4096 go to its descriptor.
        let usable = ram - ram / 64
        return usable - min(usable, kernel + reserve)
    }
}
