// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

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
