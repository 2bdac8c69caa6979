// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SystemPackage
import Transfer

/// Finds the area that A prepared, by the id that A wrote there: whatever the devices are called
/// in this kernel, no other place will be written to. In a test A has written nothing, and the
/// device is known by what it looks like.
struct FindArea {
    let parameters: SaverParameters

    /// What was found.
    struct Place {
        /// Of the device, or of each disk that all of it is on.
        let paths: [FilePath]
        fileprivate let mirrored: MirroredDevice?
        /// Where the area begins, in bytes.
        let offset: UInt64

        /// Past the page cache where that is possible.
        func open(
            _ access: BlockDevice.Access, on machine: any Machine
        ) throws(PlatformError) -> BlockDevice {
            var devices: [BlockDevice] = []
            for path in paths { devices.append(try machine.openDirectly(path, access)) }
            guard let mirrored else { return devices[0] }
            return try BlockDevice(on: devices, from: mirrored.offset, size: mirrored.size)
        }
    }

    func find(_ wait: DeviceWait) throws -> Place {
        let (offset, overflow) = parameters.offsetPages.multipliedReportingOverflow(
            by: UInt64(PageFrame.size))
        if overflow { throw notFound }
        let found = try wait.until("the device that was prepared") {
            try look(offset, on: wait.machine, $0)
        }
        guard let found else { throw notFound }
        if found.paths.count > found.mirrored?.copies ?? 1 {
            throw parameters.test == nil
                ? SaveError.areaFoundTwice(parameters.image, found.paths)
                : .deviceFoundTwice(found.paths)
        }
        return found
    }

    /// Nil where it is not there yet, or not yet on all disks that it is on. Here, too, one may have put
    /// these together.
    private func look(
        _ offset: UInt64, on machine: any Machine, _ seen: SeenDevices
    ) throws -> Place? {
        // A device below another one shows the same bytes; the one on top is meant.
        let topmost = try seen.devices(on: machine).topmost
        let mirrored = parameters.mirrored
        if let mirrored {
            let disks = topmost.filter { entry in
                seen.answer(1, about: entry) { isMeant(entry.path, offset, mirrored, on: machine) }
            }
            if disks.count >= mirrored.copies {
                return Place(paths: disks.map(\.path), mirrored: mirrored, offset: offset)
            }
        }
        let matching = topmost.filter { entry in
            (mirrored == nil || mirrored?.size == entry.size)
                && seen.answer(0, about: entry) { isMeant(entry.path, offset, on: machine) }
        }
        if matching.isEmpty { return nil }
        return Place(paths: matching.map(\.path), mirrored: nil, offset: offset)
    }

    private var notFound: SaveError {
        if let mirrored = parameters.mirrored { return .mirrorsNotFound(mirrored.copies) }
        return parameters.test == nil ? .areaNotFound(parameters.image) : .deviceNotFound
    }

    /// Nil where the device cannot be read: it is not the one, as far as that can be told.
    private func isMeant(
        _ path: FilePath, _ offset: UInt64, _ mirrored: MirroredDevice? = nil,
        on machine: any Machine
    ) -> Bool? {
        guard var device = try? machine.open(path, .read, direct: false) else { return nil }
        if let mirrored {
            let (end, overflow) = mirrored.offset.addingReportingOverflow(mirrored.size)
            if overflow || end > device.size { return false }
            guard
                let view = try? BlockDevice(
                    on: [device], from: mirrored.offset, size: mirrored.size)
            else { return nil }
            device = view
        }
        if let test = parameters.test {
            if device.size != test.size { return false }
            return (try? DeviceMark(of: device, offset: offset)).map { $0 == test }
        }
        let (position, overflow) = offset.addingReportingOverflow(StateRecord.offset)
        guard !overflow, position < device.size,
            device.size - position >= UInt64(StateRecord.size)
        else { return false }
        guard let page = try? device.readBytes(at: position, count: StateRecord.size) else {
            return nil
        }
        guard let record = try? StateRecord(parsing: page) else { return false }
        return record.id == parameters.image && record.state == .prepared
    }
}
