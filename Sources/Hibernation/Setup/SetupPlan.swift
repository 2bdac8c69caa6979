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
        /// `systemctl hibernate` becomes ours.
        case systemd(dropIn: FilePath)
        case mkinitcpioHook
        case initramfs(command: String)

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
            case .systemd(let path):
                "make systemctl hibernate use kresume (a link to \(path))"
            case .mkinitcpioHook:
                "put kresume into mkinitcpio's hooks (\(MkinitcpioHook.file))"
            case .initramfs(let command): "make the initramfs again (\(command))"
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

/// A swap file that is to be made.
struct NewSwapFile: Hashable, Sendable {
    let path: FilePath
    /// In bytes.
    let size: UInt64
    /// Of a btrfs: what is in a subvolume of its own is in no snapshot of another one.
    let subvolume: FilePath?
    let isOnBtrfs: Bool

    private static let unit: UInt64 = 1 << 30
    /// What a file system needs beside it, in bytes.
    private static let reserve: UInt64 = 64 << 20

    /// - Parameters:
    ///   - named: nil for one of the system's root.
    ///   - size: nil for as much as there is memory: no image is larger.
    ///   - note: one that is half made is made again.
    init(
        _ named: FilePath?, size: UInt64?, _ note: SetupNote, on machine: any Machine
    ) throws {
        let directory = named?.removingLastComponent() ?? "/"
        let mount = try machine.mounts()
            .filter { directory == $0.mountPoint || directory.starts(with: $0.mountPoint) }
            .max { $0.mountPoint.components.count < $1.mountPoint.components.count }
        let kind = mount?.fileSystem ?? "nothing"
        guard ["ext4", "xfs", "btrfs"].contains(kind) else {
            throw SetupError.fileSystem(directory, kind)
        }
        isOnBtrfs = kind == "btrfs"
        subvolume = named == nil && isOnBtrfs ? "/swap" : nil
        path = named ?? (isOnBtrfs ? "/swap/swapfile" : "/swapfile")
        let isOurs = note.changes.contains(.swapFile(path))
        if machine.exists(path), !isOurs { throw SetupError.exists(path) }
        let memory = try machine.memory().total
        self.size = size ?? (memory + Self.unit - 1) / Self.unit * Self.unit
        let free = try machine.freeSpace(at: directory)
        guard self.size <= free, free - self.size >= Self.reserve else {
            throw SetupError.noSpace(directory, needed: self.size, free: free)
        }
    }
}
