// SPDX-License-Identifier: GPL-2.0-or-later

import BootEntry
import LinuxPlatform
import SystemPackage

/// What starts kernels here, if it can be told to start one of its entries next time and never again.
enum BootLoader: String {
    /// Or another one with its interface.
    case systemdBoot = "systemd-boot"
    case grub

    /// The one that has started this kernel, as far as it can be told.
    init?(_ machine: any Machine) {
        let features = try? machine.efiVariable(
            LoaderVariable.features, limit: LoaderVariable.sizeLimit)
        if let features = features ?? nil, LoaderVariable.startsEntriesOnce(features) {
            self = .systemdBoot
        } else if Self.grubEnvironment(machine) != nil {
            self = .grub
        } else {
            return nil
        }
    }

    var name: String {
        switch self {
        case .systemdBoot: rawValue
        case .grub: "GRUB"
        }
    }

    /// Where GRUB's variables are: Debian's place, or Fedora's.
    static func grubEnvironment(_ machine: any Machine) -> FilePath? {
        ["/boot/grub/grubenv", "/boot/grub2/grubenv"].first { machine.exists($0) }
    }

    /// GRUB has to take back what makes it start an entry once, and can write to a file only where its blocks
    /// are those of a partition and nothing else depends on what is in them: else it would start the entry
    /// in each boot.
    ///
    /// Source: `grub_blocklist_write`, grub-core/kern/disk.c, and grub-core/disk/diskfilter.c, GRUB 2.06.
    static func canGRUBWrite(_ path: FilePath, _ machine: any Machine) -> Bool {
        let mounts = (try? machine.mounts()) ?? []
        guard
            let mount = mounts.filter({ path.starts(with: $0.mountPoint) })
                .max(by: { $0.mountPoint.components.count < $1.mountPoint.components.count })
        else { return false }
        return ["ext2", "ext3", "ext4", "xfs", "vfat"].contains(mount.fileSystem)
            && !["/dev/mapper/", "/dev/dm-", "/dev/md"].contains(where: mount.source.hasPrefix)
    }
}
