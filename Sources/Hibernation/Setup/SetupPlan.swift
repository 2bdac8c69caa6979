// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import SystemPackage

/// What is left to do until a system can hibernate and come back.
package struct SetupPlan: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case swapFile(NewSwapFile)
        /// Of encrypted images.
        case key
        /// kresume.conf leads the next boot to the image.
        case location
        /// GRUB's command line does so, too.
        case commandLine
        /// `systemctl hibernate`, or its like, becomes ours.
        case systemd(verb: String, dropIn: FilePath)
        case mkinitcpioHook
        case initramfs(command: String)
        /// A second one, of this kernel, which the loader starts after a hibernation.
        case resumeEntry(BootLoader, release: String)

        fileprivate var text: String {
            switch self {
            case .swapFile(let file):
                "make the swap file \(file.path), \(mebibytes(file.size)), and use it from now on "
                    + "(/etc/fstab)"
            case .key:
                "make the key of encrypted images, and ask for its passphrase (--no-encrypt: do not)"
            case .location: "say in /etc/kresume.conf where images are"
            case .commandLine:
                "say so on the kernel command line, too (/etc/default/grub.d/kresume.cfg): without "
                    + "UEFI systemd asks for that"
            case .systemd(let verb, let path):
                "make systemctl \(verb) use kresume (a link to \(path))"
            case .mkinitcpioHook:
                "put kresume into mkinitcpio's hooks (\(MkinitcpioHook.file))"
            case .initramfs(let command): "make the initramfs again (\(command))"
            case .resumeEntry(let loader, let release):
                "make an initramfs of Linux \(release) without graphics and network, only to resume, "
                    + "which \(loader.name) starts once after a hibernation"
            }
        }
    }

    var steps: [Step] = []
    /// What a person has to see to.
    package var warnings: [String] = []

    package var isEmpty: Bool { steps.isEmpty }

    /// A line for each.
    package var text: String {
        steps.enumerated().map { "  \($0 + 1). \(shown($1.text))" }.joined(separator: "\n")
    }
}
