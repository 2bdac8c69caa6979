// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Which block devices keep their contents encrypted (dm-crypt: LUKS, plain).
package enum DiskEncryption {
    /// The name of the mapping that encrypts what is written to the device, at it or below it; nil
    /// where it is written as it is.
    package static func mapping(
        of number: DeviceNumber, sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> String? {
        try mapping(sysfs.appending("dev/block/\(number)"), sysfs, levels: 16)
    }

    /// - Parameter levels: how deep to look; the kernel's stacks are less deep.
    private static func mapping(
        _ device: FilePath, _ sysfs: FilePath, levels: Int
    ) throws(PlatformError) -> String? {
        if levels == 0 { return nil }
        if let uuid = try SystemFile.lineIfPresent(device.appending("dm/uuid")), isEncrypting(uuid)
        {
            return try SystemFile.lineIfPresent(device.appending("dm/name")) ?? ""
        }
        // What a partition is built on is its disk's affair. The link is followed by the kernel.
        if SystemFile.exists(device.appending("partition")) {
            return try mapping(FilePath("\(device)/.."), sysfs, levels: levels - 1)
        }
        let slaves = device.appending("slaves")
        guard SystemFile.exists(slaves) else { return nil }
        for name in try SystemFile.names(in: slaves) {
            let below = sysfs.appending("class/block").appending(name)
            if let found = try mapping(below, sysfs, levels: levels - 1) { return found }
        }
        return nil
    }

    /// By the UUID that cryptsetup gives its mappings (`dm_prepare_uuid`, lib/libdevmapper.c,
    /// cryptsetup 2.6): a prefix, the kind, and more. The kinds left out hide nothing.
    private static func isEncrypting(_ uuid: String) -> Bool {
        uuid.hasPrefix("CRYPT-") && !uuid.hasPrefix("CRYPT-VERITY-")
            && !uuid.hasPrefix("CRYPT-INTEGRITY-")
    }
}
