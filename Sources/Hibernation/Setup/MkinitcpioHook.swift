// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// mkinitcpio's list of hooks is the user's: a file beside its configuration puts ours where it belongs.
///
/// Source: mkinitcpio.conf(5) of mkinitcpio 41; such files are read since 37, but where a preset names a
/// configuration.
enum MkinitcpioHook {
    /// They are read in the order of their names, and one of the user's may set the list, too.
    static let file: FilePath = "/etc/mkinitcpio.conf.d/zz-kresume.conf"
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

    /// Where it does not count.
    static let passedOver =
        "a preset in /etc/mkinitcpio.d that names a configuration (ALL_config= or the like) passes over "
        + "\(file): put kresume, or sd-kresume where systemd is among them, into the HOOKS of that "
        + "configuration, before resume and filesystems, and run mkinitcpio -P"

    /// Before the file systems are mounted, and before the kernel's own resume. The list may be an array or,
    /// as in old configurations, words in one string.
    static let contents = """
        # Written by kresume setup, and removed by kresume setup --undo.
        hook=kresume
        [[ " ${HOOKS[*]} " != *" systemd "* ]] || hook=sd-kresume
        if [[ " ${HOOKS[*]} " != *" $hook "* ]]; then
            hooks=()
            for word in ${HOOKS[*]}; do
                [[ $hook != "" && ( $word == resume || $word == filesystems ) ]] && hooks+=("$hook") && hook=""
                hooks+=("$word")
            done
            HOOKS=("${hooks[@]}" ${hook:+"$hook"})
        fi

        """
}
