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
    let machine: any Machine

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
        let found = try wait.until("the device that was prepared") { try look(offset) }
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
    private func look(_ offset: UInt64) throws -> Place? {
        // A device below another one shows the same bytes; the one on top is meant.
        let devices = try machine.blockDevices().topmost.compactMap {
            try? machine.open($0.path, .read, direct: false)
        }
        if let mirrored = parameters.mirrored {
            let disks = devices.filter { device in
                let (end, overflow) = mirrored.offset.addingReportingOverflow(mirrored.size)
                guard !overflow, end <= device.size else { return false }
                let view = try? BlockDevice(
                    on: [device], from: mirrored.offset, size: mirrored.size)
                return view.map { isMeant($0, offset) } ?? false
            }
            if disks.count >= mirrored.copies {
                return Place(paths: disks.map(\.path), mirrored: mirrored, offset: offset)
            }
        }
        let size = parameters.mirrored?.size
        let matching = devices.filter {
            (size == nil || size == $0.size) && isMeant($0, offset)
        }
        if matching.isEmpty { return nil }
        return Place(paths: matching.map(\.path), mirrored: nil, offset: offset)
    }

    private var notFound: SaveError {
        if let mirrored = parameters.mirrored { return .mirrorsNotFound(mirrored.copies) }
        return parameters.test == nil ? .areaNotFound(parameters.image) : .deviceNotFound
    }

    /// A device that cannot be read is not the one.
    private func isMeant(_ device: BlockDevice, _ offset: UInt64) -> Bool {
        if let test = parameters.test {
            return device.size == test.size
                && (try? DeviceMark(of: device, offset: offset)) == test
        }
        guard
            case (let position, let overflow) = offset.addingReportingOverflow(StateRecord.offset),
            !overflow,
            let page = try? device.readBytes(at: position, count: StateRecord.size),
            let record = try? StateRecord(parsing: page)
        else { return false }
        return record.id == parameters.image && record.state == .prepared
    }
}
