// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Which block devices keep their contents encrypted (dm-crypt: LUKS, plain).
package enum DiskEncryption {
    /// The name of the mapping that encrypts what is written to the device, at it or below it; nil
    /// where it is written as it is.
    package static func mapping(
        of number: DeviceNumber, sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> String? {
        for layer in try DeviceStack.layers(of: number, sysfs: sysfs) {
            if let uuid = try layer.line("dm/uuid"), isEncrypting(uuid) {
                return try layer.line("dm/name") ?? ""
            }
        }
        return nil
    }

    /// The devices with what is unlocked now, by a passphrase or a key that LUKS2 keeps in a header.
    package static func unlockedDevices(
        sysfs: FilePath = "/sys", nodes: FilePath = "/dev"
    ) throws(PlatformError) -> [FilePath] {
        let all = sysfs.appending("class/block")
        var devices: [FilePath] = []
        for name in try SystemFile.names(in: all) {
            let device = all.appending(name)
            guard
                try SystemFile.lineIfPresent(device.appending("dm/uuid"))?.hasPrefix("CRYPT-LUKS2-")
                    == true
            else { continue }
            for below in try SystemFile.names(in: device.appending("slaves")) {
                devices.append(nodes.appending(below))
            }
        }
        return devices
    }

    /// By the UUID that cryptsetup gives its mappings (`dm_prepare_uuid`, lib/libdevmapper.c,
    /// cryptsetup 2.6): a prefix, the kind, and more. The kinds left out hide nothing.
    private static func isEncrypting(_ uuid: String) -> Bool {
        uuid.hasPrefix("CRYPT-") && !uuid.hasPrefix("CRYPT-VERITY-")
            && !uuid.hasPrefix("CRYPT-INTEGRITY-")
    }
}
