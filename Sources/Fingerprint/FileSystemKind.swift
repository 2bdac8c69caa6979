// SPDX-License-Identifier: GPL-2.0-or-later

/// What is on a device, by how it is read. The numbers are those of docs/image-format.md.
package enum FileSystemKind: UInt16, Hashable, Sendable, CaseIterable {
    /// ext2, ext3 and ext4.
    case ext = 1
    case xfs = 2
    case btrfs = 3
    case f2fs = 4
    /// FAT12, FAT16 and FAT32.
    case fat = 5
    case exfat = 6
    /// A member of an array of Linux's, with metadata of version 1.
    case raidMember = 7
    /// A physical volume of LVM2.
    case physicalVolume = 8

    /// By the name that the kernel has for it in /proc/self/mountinfo.
    package init?(mountedAs name: String) {
        switch name {
        case "ext2", "ext3", "ext4": self = .ext
        case "xfs": self = .xfs
        case "btrfs": self = .btrfs
        case "f2fs": self = .f2fs
        case "vfat", "msdos", "umsdos": self = .fat
        case "exfat": self = .exfat
        default: return nil
        }
    }

    /// Whether file systems lie on it, and it is none itself: what changes there is the business of
    /// who keeps it, and harms no file system that is as it was.
    package var isBelowFileSystems: Bool { self == .raidMember || self == .physicalVolume }
}
