// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// The kernel's settings under /proc/sys, named by their paths there: `vm/overcommit_memory`.
package enum Sysctl {
    /// Nil where this kernel has no such setting.
    package static func value(_ name: String) throws(PlatformError) -> String? {
        try SystemFile.lineIfPresent(path(name))
    }

    /// Returns the value that was set before, to be set again.
    @discardableResult
    package static func set(_ name: String, to value: String) throws(PlatformError) -> String {
        let path = path(name)
        let old = try SystemFile.line(path)
        try SystemFile.write(value, to: path)
        return old
    }

    private static func path(_ name: String) -> FilePath {
        FilePath("/proc/sys").appending(name)
    }

    /// Whether kexec_load is turned off until the next boot.
    package static func isKexecLoadDisabled() throws(PlatformError) -> Bool {
        try value("kernel/kexec_load_disabled") == "1"
    }
}

/// How ready the kernel is to kill this process when memory runs out, -1000 (never) to 1000.
package enum OutOfMemoryScore {
    private static let file: FilePath = "/proc/self/oom_score_adj"

    /// Returns the adjustment that was set before.
    @discardableResult
    package static func setAdjustment(_ value: Int) throws(PlatformError) -> Int {
        guard let old = Int(try SystemFile.line(file)) else {
            throw .malformed(path: file, line: 1)
        }
        try SystemFile.write(String(value), to: file)
        return old
    }
}
