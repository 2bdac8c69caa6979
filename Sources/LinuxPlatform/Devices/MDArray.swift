// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// An array of the md driver, by its kernel name, such as `md0`, and what it does by itself.
///
/// Its thread is none that the kernel stops when a machine hibernates (drivers/md/md.c, Linux 6.1 to 7.3: nothing
/// there freezes). Some moments after the last write it marks the array as clean on the disks, some seconds after that
/// it clears its bitmap, and a resync writes all the time. Where the driver of a disk takes requests that it
/// does not carry out while it is suspended, such as virtio_blk since v6.9, the processor that such a write comes
/// from never goes offline (`blk_mq_hctx_notify_offline`, block/blk-mq.c), and the machine stands still.
package enum MDArray {
    /// Files in its directory `md`. Source: `md_default_attrs` and `md_redundancy_attrs`, drivers/md/md.c;
    /// `md_bitmap_attrs`, drivers/md/md-bitmap.c, Linux 6.12. Not every array has all of them.
    package enum Setting: String, Sendable {
        /// `idle`, `frozen` where none may begin, or what is going on.
        case syncAction = "sync_action"
        /// How long after a write it is marked as clean, in seconds, or 0: it is not.
        case safeModeDelay = "safe_mode_delay"
        /// How often the bitmap is looked at, in seconds.
        case bitmapDelay = "bitmap/time_base"
    }

    /// Of all there are.
    package static func names(sysfs: FilePath = "/sys") throws(PlatformError) -> [String] {
        let block = sysfs.appending("block")
        return try SystemFile.names(in: block).filter {
            SystemFile.exists(block.appending($0).appending("md"))
        }
    }

    /// Whether it can be the name of one, and nothing else.
    package static func isName(_ name: some StringProtocol) -> Bool {
        name.hasPrefix("md") && !name.utf8.contains { $0 == UInt8(ascii: "/") }
    }

    /// Nil where it has no such setting.
    package static func value(
        _ setting: Setting, of name: String, sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> String? {
        try SystemFile.lineIfPresent(file(setting.rawValue, name, sysfs))
    }

    package static func set(
        _ setting: Setting, of name: String, to value: String, sysfs: FilePath = "/sys"
    ) throws(PlatformError) {
        try SystemFile.write(value, to: file(setting.rawValue, name, sysfs))
    }

    /// Waits until the disks do not say any more that writes may be going on (`array_state_show`,
    /// drivers/md/md.c, Linux 6.12), but not for ever.
    package static func waitUntilClean(
        _ name: String, milliseconds: Int, sysfs: FilePath = "/sys"
    ) throws(PlatformError) {
        let path = file("array_state", name, sysfs)
        let state = try OwnedDescriptor(open: path, O_RDONLY)
        let number = state.rawValue
        let end = Uptime.nanoseconds() + UInt64(milliseconds) * 1_000_000
        while true {
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = try systemCall(.read, path) { pread(number, &bytes, bytes.count, 0) }
            let word = String(decoding: bytes[..<count], as: UTF8.self).trimmed
            let now = Uptime.nanoseconds()
            guard ["active", "active-idle", "write-pending"].contains(word), now < end else {
                return
            }
            // The kernel tells of each change.
            var change = pollfd(fd: number, events: Int16(POLLPRI | POLLERR), revents: 0)
            let left = CInt((end - now) / 1_000_000 + 1)
            _ = try systemCall(.poll, path) { Int(poll(&change, 1, left)) }
        }
    }

    private static func file(_ file: String, _ name: String, _ sysfs: FilePath) -> FilePath {
        sysfs.appending("block").appending(name).appending("md").pushing(FilePath(file))
    }
}
