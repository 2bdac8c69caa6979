// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// The array of the md driver that a device is, or is built on, as one who has only its disks sees it.
package struct DeviceArray: Hashable, Sendable {
    /// Disks that have the same bytes.
    package struct Mirrors: Hashable, Sendable {
        package var devices: [DeviceNumber]
        /// Where the array's first byte is on each of them, in bytes.
        package var dataOffset: UInt64

        package init(devices: [DeviceNumber], dataOffset: UInt64) {
            self.devices = devices
            self.dataOffset = dataOffset
        }
    }

    /// The kernel's name for it, such as `md0`.
    package var name: String
    /// As the kernel writes it, such as `raid1`.
    package var level: String
    /// Nil where the device is not the array itself, and where its bytes cannot be said to be all on each of
    /// its disks: those of another level than RAID 1, of an array that is being put together or changed, or that
    /// another program keeps the records of.
    package var mirrors: Mirrors?

    package init(name: String, level: String, mirrors: Mirrors?) {
        self.name = name
        self.level = level
        self.mirrors = mirrors
    }

    /// Nil where there is no array. Of several on one another it is the one on top.
    ///
    /// Source: `md_default_attrs` and `rdev_default_attrs`, drivers/md/md.c, Linux 6.12.
    package static func of(
        _ number: DeviceNumber, sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> DeviceArray? {
        let layers = try DeviceStack.layers(of: number, sysfs: sysfs)
        for (index, layer) in layers.enumerated() {
            guard let level = try layer.line("md/level") else { continue }
            return DeviceArray(
                name: layer.name, level: level,
                mirrors: index == 0 && level == "raid1" ? try mirrors(of: layer) : nil)
        }
        return nil
    }

    private static func mirrors(
        of array: DeviceStack.Layer
    ) throws(PlatformError) -> Mirrors? {
        guard try array.line("md/metadata_version")?.hasPrefix("external") == false,
            try array.line("md/reshape_position") == "none"
        else { return nil }
        var devices: [DeviceNumber] = []
        var offsets: Set<UInt64> = []
        let disks = try SystemFile.names(in: array.directory.appending("md"))
        for disk in disks where disk.hasPrefix("dev-") {
            let line = { (attribute: String) throws(PlatformError) in
                try array.line("md/\(disk)/\(attribute)")
            }
            guard let state = try line("state").map({ $0.split(separator: ",") }) else {
                return nil
            }
            // One that failed has old bytes, and a spare one has none.
            if state.contains("faulty") { continue }
            if state == ["spare"], try line("slot") == "none" { continue }
            guard state.contains("in_sync"), let number = try line("block/dev"),
                let number = DeviceNumber(number),
                let sectors = try line("offset").flatMap({ UInt64($0) }), sectors < 1 << 54
            else { return nil }
            devices.append(number)
            offsets.insert(sectors * 512)
        }
        guard let offset = offsets.first, offsets.count == 1 else { return nil }
        return Mirrors(devices: devices, dataOffset: offset)
    }
}
