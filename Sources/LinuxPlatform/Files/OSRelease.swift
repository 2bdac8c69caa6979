// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Which operating system this is, as os-release(5) has it.
package enum OSRelease {
    /// In an initramfs, and elsewhere. All of them describe the system that is going to run.
    private static let paths: [FilePath] = [
        "/etc/initrd-release", "/usr/lib/initrd-release", "/etc/os-release", "/usr/lib/os-release",
    ]

    /// The value of `key` in the first of the files that is there; nil without one.
    package static func value(_ key: String) -> String? {
        let text = paths.lazy.compactMap { try? SystemFile.text($0, limit: 64 << 10) }.first
        return text.flatMap { value(key, in: $0) }
    }

    /// Shell assignments, a line each; the values in quotes or not. Escapes are not taken back: no
    /// value that is asked for may have any.
    static func value(_ key: String, in text: String) -> String? {
        let line = text.split(separator: "\n").last { $0.hasPrefix("\(key)=") }
        guard let value = line?.dropFirst(key.count + 1).trimmed else { return nil }
        for quote: Character in ["\"", "'"] where value.count >= 2 && value.first == quote {
            return value.last == quote ? String(value.dropFirst().dropLast()) : nil
        }
        return value
    }
}
