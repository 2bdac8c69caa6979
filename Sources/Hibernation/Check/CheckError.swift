// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import SystemPackage

/// Conditions that only `kresume check` looks at.
enum CheckError: ExplainedError {
    case noHibernation
    case hibernationDisabled
    case noSwap
    /// In bytes.
    case littleSwap(UInt64, needed: UInt64)
    case notInInitramfs(FilePath)
    /// What opens encrypted images.
    case keyNotInInitramfs(FilePath)
    /// By a boot that has the key.
    case plainImagesRefused
    case resumeForbidden

    var explanation: String {
        switch self {
        case .noHibernation: "it has no hibernation of its own (CONFIG_HIBERNATION)"
        case .hibernationDisabled:
            "its own hibernation is turned off: by nohibernate or hibernate=no on its command line, "
                + "or for memory on CXL"
        case .noSwap: "no swap is in use: make a swap area as large as memory, and swapon it"
        case .littleSwap(let room, let needed):
            "only \(mebibytes(room)) of swap are free, and up to \(mebibytes(needed)) may be needed"
        case .notInInitramfs(let path):
            "kresume is not in \(path): install its hook, and make the initramfs again "
                + "(update-initramfs -u, dracut -f, mkinitcpio -P)"
        case .keyNotInInitramfs(let path):
            "the key of encrypted images is not in \(path): make the initramfs again "
                + "(update-initramfs -u, dracut -f, mkinitcpio -P)"
        case .resumeForbidden:
            "the kernel command line forbids the resume (noresume): take that away"
        case .plainImagesRefused:
            "there is a key, so a boot takes only what is sealed with it: hibernate by kresume, "
                + "encrypted, or say plain-images = yes in kresume.conf and make the initramfs again"
        }
    }
}
