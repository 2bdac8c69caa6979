// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// The kernel's copies of what is on disks.
package enum PageCache {
    /// Drops all of it that is on a disk as it is here.
    package static func drop() throws(PlatformError) {
        try SystemFile.write("1", to: "/proc/sys/vm/drop_caches")
    }

    /// Drops so many bytes of it, what was not used for longest first, and of programs nothing. Throws EAGAIN
    /// where there is not so much, ENOENT where the kernel has no such file or cgroup2 is not mounted where it
    /// usually is, and EINVAL where the kernel would swap programs out as well.
    ///
    /// Source: `memory_reclaim`, mm/memcontrol.c, Linux 6.12; without `swappiness=` since v5.19.
    package static func reclaim(
        _ size: UInt64, cgroups: FilePath = "/sys/fs/cgroup"
    ) throws(PlatformError) {
        try SystemFile.write("\(size) swappiness=0", to: cgroups.appending("memory.reclaim"))
    }
}
