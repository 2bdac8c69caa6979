// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage

extension FoundImage {
    /// What lies at `offset` of a device, or beneath what encrypts it; nil where it is no hibernation image.
    static func find(
        at path: FilePath, offset: UInt64, on machine: any Machine, _ report: Report
    ) throws -> FoundImage? {
        try look(at: path, offset: offset, on: machine)
            ?? lookBeneath(path, offset: offset, on: machine, report)
    }

    /// One of ours that was written there. Nil also where that cannot be told.
    private static func lookBeneath(
        _ path: FilePath, offset: UInt64, on machine: any Machine, _ report: Report
    ) -> FoundImage? {
        let page = DevicePage(offset / UInt64(PageFrame.size))
        do {
            guard let number = try machine.open(path, .read, direct: false).number,
                try machine.encryption(of: number) != nil,
                let layout = AreaLayout([DeviceRun(page, count: 1)]),
                let place = try PlaceBeneath(layout, on: number, machine),
                let image = try look(
                    at: place.device, offset: place.layout.runs[0].first.offset, on: machine),
                image.isSealed
            else { return nil }
            report.detail("the image is beneath the encryption of \(path), on \(image.path)")
            return image
        } catch {
            report.detail("nothing is known of what is beneath \(path): \(explanation(of: error))")
            return nil
        }
    }
}
