// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// How far the kernel is locked down against its own administrator (Secure Boot turns it on).
///
/// Any level but ``off`` forbids kexec_load.
package enum Lockdown: String, Sendable {
    case off = "none"
    case integrity
    case confidentiality

    /// ``off`` too where the kernel has no lockdown, or securityfs is not mounted: then only the
    /// attempt tells.
    package static func current() throws(PlatformError) -> Lockdown {
        let path: FilePath = "/sys/kernel/security/lockdown"
        guard let line = try SystemFile.lineIfPresent(path) else { return .off }
        guard let level = parse(line) else { throw .malformed(path: path, line: 1) }
        return level
    }

    /// The word in brackets of `none [integrity] confidentiality`.
    /// Source: `lockdown_read`, security/lockdown/lockdown.c, Linux 6.12.
    static func parse(_ line: String) -> Lockdown? {
        line.split(separator: " ").lazy
            .filter { $0.hasPrefix("[") && $0.hasSuffix("]") }
            .compactMap { Lockdown(rawValue: String($0.dropFirst().dropLast())) }
            .first
    }
}

/// What this process may do, bits as in include/uapi/linux/capability.h.
package struct Capabilities: OptionSet, Hashable, Sendable {
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// CAP_SYS_ADMIN: frame numbers in pagemap, swapon, addresses in /proc/iomem.
    package static let systemAdministration = Capabilities(rawValue: 1 << 21)
    /// CAP_SYS_BOOT: kexec_load, reboot.
    package static let systemBoot = Capabilities(rawValue: 1 << 22)

    /// The effective set.
    package static func effective() throws(PlatformError) -> Capabilities {
        let path: FilePath = "/proc/self/status"
        guard let capabilities = parse(status: try SystemFile.text(path)) else {
            throw .malformed(path: path, line: 1)
        }
        return capabilities
    }

    /// Source: `task_cap`, fs/proc/array.c, Linux 6.12.
    static func parse(status text: String) -> Capabilities? {
        let key = "CapEff:"
        return text.split(separator: "\n").first { $0.hasPrefix(key) }
            .flatMap { $0.dropFirst(key.utf8.count).trimmed.hexadecimal }
            .map { Capabilities(rawValue: $0) }
    }
}
