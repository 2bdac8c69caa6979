// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage
import Transfer

/// Where a place on an encrypted device is beneath what encrypts it. An image that is itself encrypted is
/// written there: neither the saver kernel nor the restore kernel has to unlock the device.
struct PlaceBeneath {
    let device: FilePath
    let number: DeviceNumber
    let layout: AreaLayout

    /// Beneath the lowest of several encryptions. Nil where nothing encrypts the device, and where what
    /// does so cannot be followed: another one than LUKS, an array between, parts on several devices.
    init?(_ layout: AreaLayout, on top: DeviceNumber, _ machine: any DeviceAccess) throws {
        var (number, runs) = (top, layout.runs)
        var found: (number: DeviceNumber, runs: [DeviceRun])?
        // The kernel's stacks are less deep.
        for _ in 0..<16 {
            guard let mapping = try machine.mapping(of: number) else { break }
            guard let below = mapping.place(runs) else { break }
            (number, runs) = below
            if mapping.isEncrypting { found = below }
        }
        guard let found, try machine.encryption(of: found.number) == nil,
            let layout = AreaLayout(found.runs),
            let device = try machine.blockDevices().entries.first(where: {
                $0.number == found.number
            })
        else { return nil }
        (self.number, self.layout) = (found.number, layout)
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
