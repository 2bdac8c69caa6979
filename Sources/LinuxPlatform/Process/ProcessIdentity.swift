// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Which process, also when its number has been given to another one since.
package struct ProcessIdentity: Hashable, Sendable {
    package var number: Int32
    /// In clock ticks since the kernel started.
    package var startTime: UInt64

    package init(number: Int32, startTime: UInt64) {
        self.number = number
        self.startTime = startTime
    }

    /// This process.
    package static func current() throws(PlatformError) -> ProcessIdentity {
        let path: FilePath = "/proc/self/stat"
        let number = getpid()
        guard let startTime = startTime(stat: try SystemFile.line(path)) else {
            throw .malformed(path: path, line: 1)
        }
        return ProcessIdentity(number: number, startTime: startTime)
    }

    /// Whether it has not ended.
    package var isRunning: Bool {
        guard let line = try? SystemFile.line(FilePath("/proc/\(number)/stat")) else {
            return false
        }
        return Self.startTime(stat: line) == startTime
    }

    /// Nil also for a process that has ended and that nobody has taken note of yet. The name, in
    /// parentheses, may hold anything. Source: `do_task_stat`, fs/proc/array.c, Linux 6.12.
    static func startTime(stat line: String) -> UInt64? {
        guard let end = line.lastIndex(of: ")") else { return nil }
        // The first field here is the third.
        let fields = line[line.index(after: end)...].split(separator: " ")
        guard fields.count > 19, !["Z", "X", "x"].contains(fields[0]) else { return nil }
        return UInt64(fields[19])
    }
}
