// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import SystemPackage

/// Why the boot entry with the resume initramfs is not to be started.
enum ResumeEntryError: ExplainedError, Hashable {
    /// It was made for this one.
    case otherLoader(BootLoader)
    case missing(FilePath)
    case otherKernel(String, newest: String)
    case older(than: FilePath)
    /// GRUB's variables cannot be read, or have no room.
    case damaged(FilePath)

    var explanation: String {
        let what: String
        switch self {
        case .damaged(let path): return "\(path) is full or damaged: see grub-editenv \(path) list"
        case .otherLoader(let loader):
            what = "the resume initramfs is for \(loader.name), which has not started this kernel"
        case .missing(let path): what = "of the resume initramfs, \(path) is not there"
        case .otherKernel(let release, let newest):
            what = "the resume initramfs has Linux \(release), and \(newest) is installed"
        case .older(let path): what = "the resume initramfs is older than \(path)"
        }
        return what + ": kresume setup --resume-initramfs makes it again"
    }
}
