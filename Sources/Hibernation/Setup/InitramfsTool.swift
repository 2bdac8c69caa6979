// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// What makes this system's initramfs.
enum InitramfsTool: String, CaseIterable {
    case initramfsTools = "update-initramfs"
    case dracut
    case mkinitcpio

    /// The first that is there: a Debian with dracut has update-initramfs, too, which calls it.
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

/// mkinitcpio's list of hooks is the user's: a file beside its configuration puts ours where it belongs.
///
/// Source: mkinitcpio.conf(5) of mkinitcpio 39; such files are read since 37.
enum MkinitcpioHook {
    static let file: FilePath = "/etc/mkinitcpio.conf.d/kresume.conf"
    private static let configuration: FilePath = "/etc/mkinitcpio.conf"

    static func isMissing(_ machine: any Machine) -> Bool {
        guard InitramfsTool(machine) == .mkinitcpio, !machine.exists(file) else { return false }
        let bytes = (try? machine.file(configuration, limit: 1 << 20)) ?? []
        return !String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
            line.hasPrefix("HOOKS=")
                && line.split { !$0.isLetter && $0 != "-" }.contains {
                    $0 == "kresume" || $0 == "sd-kresume"
                }
        }
    }

    /// Before the file systems are mounted, and before the kernel's own resume.
    static let contents = """
        # Written by kresume setup, and removed by kresume setup --undo.
        hook=kresume
        [[ " ${HOOKS[*]} " != *" systemd "* ]] || hook=sd-kresume
        if [[ " ${HOOKS[*]} " != *" $hook "* ]]; then
            hooks=()
            for word in "${HOOKS[@]}"; do
                [[ $hook != "" && ( $word == resume || $word == filesystems ) ]] && hooks+=("$hook") && hook=""
                hooks+=("$word")
            done
            HOOKS=("${hooks[@]}")
        fi

        """
}

/// Where a program of the system's is; nil where it is not there.
func programPath(_ name: String, _ machine: any Machine) -> FilePath? {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].lazy
        .map { FilePath("\($0)/\(name)") }.first { machine.exists($0) }
}
