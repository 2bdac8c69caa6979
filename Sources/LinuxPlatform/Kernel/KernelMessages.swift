// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// What the running kernel has said: /dev/kmsg.
package enum KernelMessages {
    private static let file: FilePath = "/dev/kmsg"
    /// Of a record, at most (`PRINTKRB_RECORD_MAX`, and its dictionary, kernel/printk/printk.c, Linux 6.12).
    private static let recordLimit = 8192

    /// Whether there is a record with these words. What came first is lost where the log has overflowed.
    package static func contains(_ words: String) throws(PlatformError) -> Bool {
        // Not by String.contains, which brings all of regular expressions along.
        let wanted = Array(words.utf8)
        let log = try OwnedDescriptor(open: file, O_RDONLY | O_NONBLOCK)
        let number = log.rawValue
        var record = [UInt8](repeating: 0, count: recordLimit)
        while true {
            do throws(PlatformError) {
                let count = try systemCall(.read, file) { read(number, &record, record.count) }
                if count == 0 { return false }
                let starts = 0..<max(count - wanted.count + 1, 0)
                if starts.contains(where: { record[$0...].starts(with: wanted) }) { return true }
            } catch {
                switch error.number {
                // The end; and one that was overwritten meanwhile.
                case .resourceTemporarilyUnavailable: return false
                case .brokenPipe: continue
                default: throw error
                }
            }
        }
    }
}
