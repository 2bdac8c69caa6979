// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage
import Transfer

extension ImageArea {
    /// For one who changes an image. Where a file system is mounted on the device, or another device is
    /// built on it, only an image that says where it is can be there, in a file: nobody else writes there.
    static func claim(
        _ path: FilePath, offset: UInt64, holding contents: Contents = .image,
        on machine: any DeviceAccess
    ) throws -> ImageArea {
        do {
            return try ImageArea(
                open: path, offset: offset, .exclusive, holding: contents, on: machine)
        } catch {
            guard (error as? PlatformError)?.number == .resourceBusy,
                case let area = try ImageArea(
                    open: path, offset: offset, .readWrite, holding: contents, on: machine),
                area.layout != nil
            else { throw error }
            return area
        }
    }
}

extension ImageArea {
    /// Whether swap that is in use has pages of the area, on its device or on one above it; also where that
    /// cannot be told.
    func isSwappedTo(_ machine: any Machine) -> Bool {
        do {
            guard let number = device.number, let layout = layout ?? consecutive else {
                return true
            }
            return try machine.swaps().contains { swap in
                try Self.places(of: swap, machine).contains {
                    $0.number == number && $0.layout.overlaps(layout)
                }
            }
        } catch { return true }
    }

    /// The area as one run; nil where it has no page.
    private var consecutive: AreaLayout? {
        AreaLayout([
            DeviceRun(
                DevicePage(offset / UInt64(PageFrame.size)), count: size / UInt64(PageFrame.size))
        ])
    }

    private static func places(
        of swap: ActiveSwap, _ machine: any Machine
    ) throws -> [(number: DeviceNumber, layout: AreaLayout)] {
        let blocks = try swap.isBlockDevice ? nil : machine.blocks(of: swap.path)
        guard let path = swap.isBlockDevice ? swap.path : blocks?.device,
            case let device = try machine.open(path, .read, direct: false),
            let number = device.number,
            let layout = try blocks.map({ try AreaLayout($0) })
                ?? AreaLayout([
                    DeviceRun(DevicePage(0), count: device.size / UInt64(PageFrame.size))
                ])
        else { throw HibernateError.swapFile(swap.path, .unknownFileSystem) }
        let beneath = try PlaceBeneath(layout, on: number, machine).map { ($0.number, $0.layout) }
        return [(number, layout)] + (beneath.map { [$0] } ?? [])
    }
}
