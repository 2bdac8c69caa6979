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
    /// Whether swap that is in use has pages of the area, on its devices or on those above; also where that
    /// cannot be told.
    func isSwappedTo(_ machine: any Machine) -> Bool {
        do {
            let numbers = devices.compactMap(\.number)
            guard numbers.count == devices.count, let layout = layout ?? consecutive else {
                return true
            }
            let own = SwappedExtent.all(of: layout, on: numbers)
            return try machine.swaps().contains { swap in
                SwappedExtent.haveCommonPages(own, try Self.extents(of: swap, machine))
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

    private static func extents(
        of swap: ActiveSwap, _ machine: any Machine
    ) throws -> [SwappedExtent] {
        let blocks = try swap.isBlockDevice ? nil : machine.blocks(of: swap.path)
        guard let path = swap.isBlockDevice ? swap.path : blocks?.device,
            case let device = try machine.open(path, .read, direct: false),
            let number = device.number,
            let layout = try blocks.map({ try AreaLayout($0) })
                ?? AreaLayout([
                    DeviceRun(DevicePage(0), count: device.size / UInt64(PageFrame.size))
                ])
        else { throw HibernateError.swapFile(swap.path, .unknownFileSystem) }
        let beneath = try PlaceBeneath(layout, on: number, machine)
        return SwappedExtent.all(of: layout, on: [number])
            + (beneath.map { SwappedExtent.all(of: $0.layout, on: $0.devices.map(\.number)) } ?? [])
    }
}

/// Pages of a device, by the device's number.
private struct SwappedExtent {
    let number: DeviceNumber
    let run: DeviceRun

    static func all(of layout: AreaLayout, on numbers: [DeviceNumber]) -> [SwappedExtent] {
        layout.extents.map { SwappedExtent(number: numbers[$0.device], run: $0.run) }
    }

    /// Each of the two has none twice.
    static func haveCommonPages(_ some: [SwappedExtent], _ others: [SwappedExtent]) -> Bool {
        let all = (some + others).sorted { $0.place < $1.place }
        return zip(all, all.dropFirst()).contains {
            $0.number == $1.number && $0.run.end > $1.run.first
        }
    }

    private var place: (UInt32, UInt32, DevicePage) { (number.major, number.minor, run.first) }
}
