// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SwapArea
import SystemPackage
import Transfer

/// Where a place on a device-mapper device is on those beneath: of logical volumes, also striped ones and such
/// on several devices, and of what encrypts. The saver kernel writes there, and neither it nor the restore
/// kernel has to put the device together. Beneath what encrypts goes only an image that is itself encrypted.
struct PlaceBeneath {
    /// In the layout's order.
    let devices: [Device]
    /// Of all that is on top.
    let layout: AreaLayout
    /// The same for an image, which leaves out what its devices are to be known by if they are several.
    let imageLayout: AreaLayout
    /// What is there is what is on top, encrypted.
    let isEncrypted: Bool

    struct Device {
        let path: FilePath
        let number: DeviceNumber
    }

    /// The one on which the place begins.
    var first: Device { devices[0] }

    /// As low as can be followed. Nil where there is nothing beneath, and where what encrypts the device cannot
    /// be followed: another one than LUKS, an array between.
    init?(_ layout: AreaLayout, on top: DeviceNumber, _ machine: any DeviceAccess) throws {
        guard let lowered = try LoweredRuns(layout.extents.map(\.run), on: top, machine),
            lowered.devices != [top],
            try lowered.isEncrypted == (machine.encryption(of: top) != nil),
            let layout = AreaLayout(lowered.areaRuns), let imageLayout = layout.withMemberPages
        else { return nil }
        let entries = try machine.blockDevices().entries
        var devices: [Device] = []
        for number in lowered.devices {
            guard try machine.encryption(of: number) == nil,
                let entry = entries.first(where: { $0.number == number })
            else { return nil }
            devices.append(Device(path: entry.path, number: number))
        }
        (self.devices, isEncrypted) = (devices, lowered.isEncrypted)
        (self.layout, self.imageLayout) = (layout, imageLayout)
    }

    /// Whether one of ours is there, in any state.
    func holdsImage(_ machine: any DeviceAccess) throws -> Bool {
        let offset = layout.first.offset
        return try ImageArea(open: first.path, offset: offset, .read, on: machine).kind == .image
    }
}
