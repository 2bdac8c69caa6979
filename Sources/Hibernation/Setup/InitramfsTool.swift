// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// What makes this system's initramfs.
enum InitramfsTool: String, CaseIterable {
    case initramfsTools = "update-initramfs"
    case dracut
    case mkinitcpio

    /// The first that is there. Debian's initramfs-tools and dracut are never both.
    init?(_ machine: any Machine) {
        guard
            let tool = Self.allCases.first(where: {
                programPath($0.rawValue, machine) != nil
            })
        else { return nil }
        self = tool
    }

    /// Makes it again, with what is there now.
    var arguments: [String] {
        switch self {
        case .initramfsTools: ["-u"]
        case .dracut: ["--force"]
        case .mkinitcpio: ["-P"]
        }
    }

    var command: String { ([rawValue] + arguments).joined(separator: " ") }
}

/// Where a program of the system's is; nil where it is not there.
func programPath(_ name: String, _ machine: any Machine) -> FilePath? {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].lazy
        .map { FilePath("\($0)/\(name)") }.first { machine.exists($0) }
}
