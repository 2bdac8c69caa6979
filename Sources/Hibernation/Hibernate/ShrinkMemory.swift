// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import SystemPackage

/// What of the page cache is dropped where more memory is in use than the image is to have.
package enum CacheDropping: String, Sendable {
    case all
    /// What was not used for longest, and no more than has to go.
    case oldest
    /// All, and in the end what programs have in use is read again.
    case reread
}

/// Makes the image small before there is one: what the page cache holds unchanged can be read
/// again from where it came.
struct ShrinkMemory {
    /// How much memory may be in use before the cache goes, in bytes. Nil: two fifths of it all,
    /// as the kernel has it for its own images (`/sys/power/image_size`).
    let target: UInt64?
    let dropping: CacheDropping
    let cachedFiles: CachedFiles
    let machine: any Machine
    let report: Report

    func run() throws {
        let before = try machine.memory()
        let limit = target ?? before.total / 5 * 2
        guard before.used > limit else { return }
        // Only what is on the disk can be dropped.
        machine.sync()
        try machine.throwIfInterrupted()
        if dropping == .oldest, try dropOldest(before, limit) { return }
        if dropping == .reread { try cachedFiles.note() }
        try machine.dropPageCache()
        let after = try machine.memory()
        tell(before, after)
        cachedFiles.dropped(before.used - min(before.used, after.used))
    }

    /// Whether that was enough; a sixteenth more may stay, for it is counted in other ways. Not every kernel
    /// can do it.
    private func dropOldest(_ before: MemoryInfo, _ limit: UInt64) throws -> Bool {
        do { try machine.reclaimPageCache(before.used - limit) } catch {
            report.detail("all of the page cache is dropped: \(explanation(of: error))")
            return false
        }
        let after = try machine.memory()
        guard after.used <= limit + limit / 16 else { return false }
        tell(before, after)
        return true
    }

    private func tell(_ before: MemoryInfo, _ after: MemoryInfo) {
        if after.used < before.used {
            report.note("dropped \(mebibytes(before.used - after.used)) of page cache")
        }
    }
}
