// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage
import Transfer

/// Where a place on a device-mapper device is on the one beneath: of logical volumes, and of what encrypts. The
/// saver kernel writes there, and neither it nor the restore kernel has to put the device together. Beneath what
/// encrypts goes only an image that is itself encrypted.
struct PlaceBeneath {
    let device: FilePath
    let number: DeviceNumber
    let layout: AreaLayout
    /// What is there is what is on top, encrypted.
    let isEncrypted: Bool

    /// As low as can be followed. Nil where there is nothing beneath, and where what encrypts the device cannot
    /// be followed: another one than LUKS, an array between, parts on several devices.
    init?(_ layout: AreaLayout, on top: DeviceNumber, _ machine: any DeviceAccess) throws {
        var (number, runs) = (top, layout.runs)
        var isEncrypted = false
        // The kernel's stacks are less deep.
        for _ in 0..<16 {
            guard let mapping = try machine.mapping(of: number) else { break }
            guard let below = mapping.place(runs) else { break }
            (number, runs) = below
            if mapping.isEncrypting { isEncrypted = true }
        }
        guard number != top, try machine.encryption(of: number) == nil,
            try isEncrypted == (machine.encryption(of: top) != nil),
            let layout = AreaLayout(runs),
            let device = try machine.blockDevices().entries.first(where: { $0.number == number })
        else { return nil }
        (self.number, self.layout, self.isEncrypted) = (number, layout, isEncrypted)
        self.device = device.path
    }

    /// Whether one of ours is there, in any state.
    func holdsImage(_ machine: any DeviceAccess) throws -> Bool {
        let offset = layout.runs[0].first.offset
        return try ImageArea(open: device, offset: offset, .read, on: machine).kind == .image
    }
}

extension DeviceMapping {
    /// Where runs of pages are on the device below; nil where they are on several, or not at whole pages.
    fileprivate func place(_ runs: [DeviceRun]) -> (number: DeviceNumber, runs: [DeviceRun])? {
        let pageSize = UInt64(PageFrame.size)
        var placed: [DeviceRun] = []
        var number: DeviceNumber?
        for run in runs {
            var offset = run.first.offset
            var left = run.count * pageSize
            while left > 0 {
                guard
                    let part = parts.first(where: {
                        $0.offset <= offset && offset - $0.offset < $0.size
                    }),
                    number == nil || number == part.below,
                    case let inPart = offset - part.offset,
                    case let size = min(left, part.size - inPart),
                    case (let below, let overflow) = part.offsetBelow.addingReportingOverflow(
                        inPart),
                    !overflow, below.isMultiple(of: pageSize), size.isMultiple(of: pageSize)
                else { return nil }
                number = part.below
                placed.join(DeviceRun(DevicePage(below / pageSize), count: size / pageSize))
                offset += size
                left -= size
            }
        }
        return number.map { ($0, placed) }
    }
}
