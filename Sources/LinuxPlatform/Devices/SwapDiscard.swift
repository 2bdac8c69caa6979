// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// What the kernel tells a disk about the parts of a swap area that hold nothing, as swapon(8) has
/// it: `--discard`.
package enum SwapDiscard: String, Hashable, Sendable {
    case none
    /// All of the area once, when it is activated.
    case once
    /// Pages as they become free.
    case pages
    case both

    /// The kernel does not tell this but in its log (``Swaps/discard(of:)``).
    init(letters: Substring) {
        let flags = letters.hasPrefix("SS") ? letters.dropFirst(2) : letters
        guard flags.first == "D" else {
            self = .none
            return
        }
        self =
            switch (flags.contains("s"), flags.contains("c")) {
            case (true, true): .both
            case (true, false): .once
            case (false, true): .pages
            case (false, false): .none
            }
    }

    /// Those of swapon(2): one alone for the policy means the other one is not wanted.
    var flags: CInt {
        switch self {
        case .none: 0
        case .once: Self.discard | 0x20000
        case .pages: Self.discard | 0x40000
        case .both: Self.discard
        }
    }

    /// include/linux/swap.h, Linux 6.12: SWAP_FLAG_DISCARD, _ONCE and _PAGES. <sys/swap.h> has the
    /// first one only.
    private static let discard: CInt = 0x10000
}

extension Swaps {
    /// How the active swap area at `path` was activated, by the kernel's log; nil where the log does not
    /// have it any more, or may not be read.
    package static func discard(of path: FilePath) -> SwapDiscard? {
        guard let log = KernelLog.text(), let status = try? stat(path) else { return nil }
        return discard(log: log) { other in
            guard let other = try? stat(FilePath(other)) else { return false }
            return status.isBlockDevice
                ? other.isBlockDevice && other.st_rdev == status.st_rdev
                : other.st_dev == status.st_dev && other.st_ino == status.st_ino
        }
    }

    /// The newest line counts. Source: `swapon`, mm/swapfile.c, Linux 6.12: "Adding 1048572k swap on
    /// /dev/sda2.  Priority:-2 extents:1 across:1048572k SSDsc", where any of the letters, and all,
    /// may be missing; 6.1 has FS behind them.
    static func discard(log: String, isIt: (_ path: String) -> Bool) -> SwapDiscard? {
        for line in log.split(separator: "\n").reversed() {
            // Behind the level and, unless `printk.time=0`, the time: one blank or more.
            let record = line.hasPrefix("<") ? line.drop { $0 != ">" }.dropFirst() : line
            let words = record.split(separator: " ").drop { $0 != "Adding" }
            guard words.count >= 8, words.dropFirst(2).prefix(2) == ["swap", "on"],
                let path = words.dropFirst(4).first, path.last == ".",
                isIt(String(path.dropLast())),
                let end = words.firstIndex(where: { $0.hasPrefix("across:") })
            else { continue }
            return SwapDiscard(letters: words[(end + 1)...].first ?? "")
        }
        return nil
    }
}
