// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import SystemPackage

/// Why a system was not set up, or not wholly.
enum SetupError: ExplainedError, Hashable {
    case noInitramfsTool
    case noProgram(String)
    /// It has ended with this status.
    case failed(String, status: Int32)
    /// Where a swap file cannot be made: the kind of the file system.
    case fileSystem(FilePath, String)
    case exists(FilePath)
    /// In bytes.
    case noSpace(FilePath, needed: UInt64, free: UInt64)
    case nothingToUndo
    case noBootLoader
    /// GRUB's variables, to which it cannot write.
    case readOnlyForGRUB(FilePath)
    /// Of which a second initramfs could be made.
    case noKernel
    /// The line of the note that makes no sense.
    case note(FilePath, line: Int)

    var explanation: String {
        switch self {
        case .noInitramfsTool:
            "nothing is here that makes an initramfs: install initramfs-tools, dracut or mkinitcpio"
        case .noProgram(let name): "there is no program \(name): install it, and try again"
        case .failed(let command, let status):
            "\(command) has failed (status \(status)): see what it said; kresume setup goes on from "
                + "there, and kresume setup --undo takes back what was done"
        case .fileSystem(let path, let kind):
            "\(path) is on \(kind), where a swap file cannot take an image: make a swap partition, or "
                + "name a file on ext4, xfs or btrfs with --swap-file"
        case .exists(let path):
            "\(path) is there, and is not swap in use: name another one with --swap-file"
        case .noSpace(let path, let needed, let free):
            "a swap file of \(mebibytes(needed)) does not fit on \(path), which has \(mebibytes(free)) "
                + "free: make room, or try a smaller --size (an image is at most as large as the "
                + "memory in use)"
        case .nothingToUndo: "kresume setup has changed nothing here"
        case .noBootLoader:
            "neither systemd-boot nor GRUB has started this kernel, and no other boot loader is known to "
                + "start an entry once: do without --resume-initramfs"
        case .readOnlyForGRUB(let path):
            "GRUB cannot write to \(path), where it takes back what is to be started once: put /boot on a "
                + "partition of its own with ext4, or do without --resume-initramfs"
        case .noKernel: "no kernel is installed with an initramfs in /boot or /usr/lib/modules"
        case .note(let path, let line):
            "line \(line) of \(path) makes no sense: see what it says, and undo it by hand"
        }
    }
}
