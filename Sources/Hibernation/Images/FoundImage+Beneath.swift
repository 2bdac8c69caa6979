// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage

extension FoundImage {
    /// What lies at `offset` of a device, or beneath it; nil where it is no hibernation image.
    static func find(
        at path: FilePath, offset: UInt64, on machine: any Machine, _ report: Report
    ) throws -> FoundImage? {
        let image = try look(at: path, offset: offset, on: machine)
        // One that was written beneath a logical volume says where its pages are, which is nonsense here, or, by
        // chance, is not.
        if let image, !image.isDamaged, !image.saysWhereItIs { return image }
        return lookBeneath(path, offset: offset, on: machine, report) ?? image
    }

    /// One of ours that was written there. Nil also where that cannot be told.
    private static func lookBeneath(
        _ path: FilePath, offset: UInt64, on machine: any Machine, _ report: Report
    ) -> FoundImage? {
        let page = DevicePage(offset / UInt64(PageFrame.size))
        do {
            guard let number = try machine.open(path, .read, direct: false).number,
                let layout = AreaLayout([DeviceRun(page, count: 1)]),
                let place = try PlaceBeneath(layout, on: number, machine),
                let image = try look(
                    at: place.first.path, offset: place.layout.first.offset, on: machine),
                place.isEncrypted ? image.isSealed : image.isOurs
            else { return nil }
            report.detail("the image is beneath \(path), on \(image.path)")
            return image
        } catch {
            report.detail("nothing is known of what is beneath \(path): \(explanation(of: error))")
            return nil
        }
    }
}
