// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// Where lines for the user go.
package protocol ReportSink: Sendable {
    func write(_ level: KernelLog.Level, _ line: String)
    /// What was shown last is over.
    func clear()
}

/// The boot splash, the kernel's log, and the console unless it repeats that log.
package struct EveryScreen: ReportSink {
    package init() {}

    package func write(_ level: KernelLog.Level, _ line: String) {
        Plymouth().show("kresume: \(line)")
        if KernelLog.write(level, line), Console.repeatsKernelLog(at: level) { return }
        _ = try? FileDescriptor.standardError.writeAll("kresume: \(line)\n".utf8)
    }

    package func clear() { Plymouth().show("") }
}
