// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Which block devices are plugged in and out: what is on them may be anybody's.
package enum RemovableDevice {
    /// Whether a device is one, or is built on one.
    ///
    /// A disk tells of its medium (`disk_removable_show`, block/genhd.c; 6.12), and the devices above
    /// it in /sys tell of their plugs: USB since 3.4, since 5.14 also what is behind a PCI port that
    /// leads out of the machine, and memory cards (`removable_show`, drivers/base/core.c; 6.12). Where
    /// the firmware does not say, a plug of USB counts as one that is outside.
    package static func isRemovable(
        _ number: DeviceNumber, sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> Bool {
        for layer in try DeviceStack.layers(of: number, sysfs: sysfs) {
            if try isRemovable(layer, sysfs) { return true }
        }
        return false
    }

    private static func isRemovable(
        _ layer: DeviceStack.Layer, _ sysfs: FilePath
    ) throws(PlatformError) -> Bool {
        var directory = layer.directory
        var isFixed = false
        while directory.starts(with: sysfs), directory != sysfs {
            switch try SystemFile.lineIfPresent(directory.appending("removable")) {
            case "1", "removable": return true
            // A hub above it may well not know.
            case "fixed": isFixed = true
            case "unknown" where !isFixed: return true
            default: break
            }
            directory.removeLastComponent()
        }
        return false
    }
}
