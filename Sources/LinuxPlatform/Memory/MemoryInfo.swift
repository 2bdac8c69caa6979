// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// How much memory the kernel has, in bytes.
package struct MemoryInfo: Hashable, Sendable {
    /// What the kernel manages; less than the RAM there is.
    package var total: UInt64
    /// In the page allocator, what it has set aside for single CPUs included.
    package var free: UInt64
    /// An estimate of what can be had without swapping, the same included.
    package var available: UInt64
    /// What is set aside for single CPUs (``PageLists``).
    package private(set) var setAside: UInt64 = 0

    package init(
        total: UInt64, free: UInt64, available: UInt64
    ) {
        self.total = total
        self.free = free
        self.available = available
    }

    /// All that is not free, the page cache included.
    package var used: UInt64 { total - min(total, free) }

    private static let file: FilePath = "/proc/meminfo"

    package static func current() throws(PlatformError) -> MemoryInfo {
        var info = try parse(SystemFile.text(file))
        info.add(setAside: UInt64((try? PageLists.pageCount()) ?? 0) * 4096)
        return info
    }

    /// /proc/meminfo takes it for used. A CPU gives it up before any allocation fails
    /// (`__alloc_pages_direct_reclaim`, mm/page_alloc.c, Linux 6.12), and it is not little: since
    /// v6.7 up to an eighth of memory.
    mutating func add(setAside size: UInt64) {
        setAside += size
        free += size
        available += size
    }

    /// Source: `meminfo_proc_show`, fs/proc/meminfo.c, Linux 6.12. Sizes there are in KiB.
    static func parse(_ text: String) throws(PlatformError) -> MemoryInfo {
        var sizes: [Substring: UInt64] = [:]
        for (index, line) in text.split(separator: "\n").enumerated() {
            let fields = line.split(separator: " ")
            guard fields.count == 3, fields[2] == "kB" else { continue }
            guard let size = kibibytes(fields[1]) else {
                throw .malformed(path: file, line: index + 1)
            }
            sizes[fields[0]] = size
        }
        guard let total = sizes["MemTotal:"], let free = sizes["MemFree:"],
            let available = sizes["MemAvailable:"]
        else { throw .malformed(path: file, line: 1) }
        return MemoryInfo(total: total, free: free, available: available)
    }
}
