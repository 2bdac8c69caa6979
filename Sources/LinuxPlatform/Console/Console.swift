// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

package enum Console {
    /// Whether what this process writes to standard error and what it writes to the kernel's log
    /// at `level` end up on the same screen, so that one of them is enough.
    ///
    /// Standard error is /dev/console or one of the terminals behind it; and the kernel prints
    /// messages of this level (the first number of /proc/sys/kernel/printk, Linux 6.12).
    package static func repeatsKernelLog(at level: KernelLog.Level) -> Bool {
        var status = stat()
        guard fstat(2, &status) == 0, status.st_mode & S_IFMT == S_IFCHR else { return false }
        let number = DeviceNumber(status.st_rdev)
        guard let printk = try? Sysctl.value("kernel/printk"),
            let limit = printk.split(separator: "\t").first.flatMap({ Int($0) }),
            level.rawValue < limit
        else { return false }
        if number == DeviceNumber(major: 5, minor: 1) { return true }
        let active = (try? SystemFile.line("/sys/class/tty/console/active")) ?? ""
        return active.split(separator: " ").contains { name in
            let line = try? SystemFile.line(FilePath("/sys/class/tty/\(String(name))/dev"))
            return line.flatMap { DeviceNumber($0) } == number
        }
    }
}
