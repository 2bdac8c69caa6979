// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import SystemPackage

/// Makes the image small before there is one: what the page cache holds unchanged can be read
/// again from where it came. The kernel drops all of it or nothing.
struct ShrinkMemory {
    /// How much memory may be in use before the cache goes, in bytes. Nil: two fifths of it all,
    /// as the kernel has it for its own images (`/sys/power/image_size`).
    let target: UInt64?
    let machine: any Machine
    let report: Report

    func run() throws {
        let before = try machine.memory()
        guard before.used > target ?? before.total / 5 * 2 else { return }
        // Only what is on the disk can be dropped.
        machine.sync()
        try machine.throwIfInterrupted()
        try machine.dropPageCache()
        let after = try machine.memory()
        if after.used < before.used {
            report.note("dropped \(mebibytes(before.used - after.used)) of page cache")
        }
    }
}
