// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// A block device and those that it is built on: of a partition the disk, of a mapping or an array
/// its parts.
enum DeviceStack {
    /// A device's directory in /sys.
    struct Layer {
        /// Without links.
        let directory: FilePath

        /// The kernel's name for it, such as `sda1`.
        var name: String { directory.lastComponent?.string ?? "" }

        func line(_ attribute: String) throws(PlatformError) -> String? {
            try SystemFile.lineIfPresent(directory.appending(attribute))
        }
    }

    /// The device itself first, then what is below it. Empty for a number that is no device's.
    static func layers(
        of number: DeviceNumber, sysfs: FilePath
    ) throws(PlatformError) -> [Layer] {
        var layers: [Layer] = []
        try add(sysfs.appending("dev/block/\(number)"), sysfs, levels: 16, to: &layers)
        return layers
    }

    /// - Parameter levels: how deep to look; the kernel's stacks are less deep.
    private static func add(
        _ device: FilePath, _ sysfs: FilePath, levels: Int, to layers: inout [Layer]
    ) throws(PlatformError) {
        guard levels > 0, let directory = try SystemFile.withoutLinks(device),
            !layers.contains(where: { $0.directory == directory })
        else { return }
        layers.append(Layer(directory: directory))
        // What a partition is built on is its disk's affair.
        if SystemFile.exists(directory.appending("partition")) {
            let disk = directory.removingLastComponent()
            return try add(disk, sysfs, levels: levels - 1, to: &layers)
        }
        let slaves = directory.appending("slaves")
        guard SystemFile.exists(slaves) else { return }
        for name in try SystemFile.names(in: slaves) {
            let below = sysfs.appending("class/block").appending(name)
            try add(below, sysfs, levels: levels - 1, to: &layers)
        }
    }
}
