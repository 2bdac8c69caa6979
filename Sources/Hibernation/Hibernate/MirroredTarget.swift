// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SaverPlan
import SystemPackage
import Transfer

/// An array that takes the image, RAID 1: the saver kernel writes to each of its disks, and need not put it
/// together.
struct MirroredTarget {
    private let path: FilePath
    private let array: DeviceArray
    private let mirrors: DeviceArray.Mirrors
    private let machine: any Machine

    /// Nil where the device is not on an array, or where the saver kernel is to put that together.
    ///
    /// - Parameters:
    ///   - numbers: of the devices that are written to. An array that is one of several is not taken.
    ///   - path: what to call it to the user.
    ///   - force: an array of another kind is taken.
    init?(
        _ numbers: [DeviceNumber], _ path: FilePath, force: Bool, on machine: any Machine
    ) throws {
        let arrays = try numbers.compactMap { try machine.array(of: $0) }
        guard let array = arrays.first else { return nil }
        guard numbers.count == 1, let mirrors = array.mirrors else {
            if force { return nil }
            throw HibernateError.onArray(path, array)
        }
        (self.path, self.array, self.mirrors, self.machine) = (path, array, mirrors, machine)
    }

    /// For the saver kernel.
    func described(_ area: ImageArea) -> MirroredDevice {
        MirroredDevice(
            copies: mirrors.devices.count, offset: mirrors.dataOffset, size: area.device.size)
    }

    /// Throws where what is written to the area does not come to each disk.
    func prove(_ area: ImageArea) throws {
        let size = area.device.size
        let entries = try machine.blockDevices().entries
        for number in mirrors.devices {
            guard let entry = entries.first(where: { $0.number == number }),
                case let disk = try machine.openDirectly(entry.path, .read),
                disk.size >= mirrors.dataOffset, disk.size - mirrors.dataOffset >= size
            else { throw HibernateError.onArray(path, array) }
            let device = try BlockDevice(on: [disk], from: mirrors.dataOffset, size: size)
            let copy =
                try area.layout.map { try ImageArea(on: [device], layout: $0) }
                ?? ImageArea(on: device, offset: area.offset, .nothing)
            try ProvePlace(area: area, beneath: copy, isEncrypted: false, machine: machine).run()
        }
    }
}
