// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// The kernel's log, which outlives the initramfs: the booted system's journal reads it.
package enum KernelLog {
    /// Raw values are syslog's.
    package enum Level: Int, Sendable {
        case error = 3
        case warning = 4
        case information = 6
    }

    /// Adds one line, `kresume: ` before it. False where the log cannot be written: that is never
    /// the reason to fail.
    ///
    /// The kernel counts lines against floods for each opening of /dev/kmsg (`devkmsg_write`,
    /// kernel/printk/printk.c, Linux 6.12), and this opens it for each line.
    @discardableResult
    package static func write(_ level: Level, _ line: String) -> Bool {
        guard let log = try? OwnedDescriptor(open: "/dev/kmsg", O_WRONLY) else { return false }
        let bytes = record(level, line)
        let written = try? systemCall(.write) { Glibc.write(log.rawValue, bytes, bytes.count) }
        return written == bytes.count
    }

    /// What the kernel still has of it, the newest last; nil where that may not be read. The
    /// corresponding C function is `klogctl`.
    static func text() -> String? {
        let (readAll, sizeOfAll): (CInt, CInt) = (3, 10)
        let size = klogctl(sizeOfAll, nil, 0)
        guard size > 0 else { return nil }
        var bytes = [CChar](repeating: 0, count: Int(size))
        let count = klogctl(readAll, &bytes, size)
        guard count >= 0 else { return nil }
        return String(decoding: bytes[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The kernel refuses records above 1024 bytes, and begins a new record at a line feed. One
    /// without a line feed at its end may go on, and is not shown before the next one comes
    /// (`vprintk_store`, kernel/printk/printk.c, Linux 6.12).
    static func record(_ level: Level, _ line: String) -> [UInt8] {
        let text = "<\(level.rawValue)>kresume: \(line)"
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || scalar.value == 0x7f
            let bytes = Array(String(isControl ? " " : scalar).utf8)
            if result.count + bytes.count > 960 { break }
            result += bytes
        }
        return result + [UInt8(ascii: "\n")]
    }
}
