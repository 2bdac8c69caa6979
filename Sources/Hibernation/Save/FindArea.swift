// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SwapArea
import SystemPackage
import Transfer

/// Finds the area that A prepared, by the id that A wrote there: whatever the devices are called
/// in this kernel, no other place will be written to. In a test A has written nothing, and the
/// device is known by what it looks like.
struct FindArea {
    let parameters: SaverParameters

    /// What was found.
    struct Place {
        /// Of the area's devices, in its order; or of each disk that all of the one is on.
        let paths: [FilePath]
        fileprivate var mirrored: MirroredDevice?
        /// Where the area begins, in bytes.
        let offset: UInt64
        /// The image says where it is: in a file, or beneath a device that is built on others. Somebody else may
        /// have these open, who writes nothing there.
        fileprivate var isShared = false

        /// Past the page cache where that is possible.
        func open(
            _ access: BlockDevice.Access, on machine: any Machine
        ) throws(PlatformError) -> [BlockDevice] {
            var devices: [BlockDevice] = []
            for path in paths {
                do throws(PlatformError) {
                    devices.append(try machine.openDirectly(path, access))
                } catch {
                    guard isShared, access == .exclusive, error.number == .resourceBusy else {
                        throw error
                    }
                    devices.append(try machine.openDirectly(path, .readWrite))
                }
            }
            guard let mirrored else { return devices }
            return [try BlockDevice(on: devices, from: mirrored.offset, size: mirrored.size)]
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
        return found
    }

    /// Nil where it is not there yet, or not yet on all that it is on. Here, too, one may have put these together.
    private func look(
        _ offset: UInt64, on machine: any Machine, _ seen: SeenDevices
    ) throws -> Place? {
        let list = try seen.devices(on: machine)
        let mirrored = parameters.mirrored
        if let mirrored {
            let disks = list.topmost.filter { entry in
                seen.answer(1, about: entry) { isMeant(entry.path, offset, mirrored, on: machine) }
            }
            if disks.count > mirrored.copies { throw foundTwice(disks) }
            if disks.count == mirrored.copies {
                return Place(paths: disks.map(\.path), mirrored: mirrored, offset: offset)
            }
        }
        let matching = list.uppermost { entry in
            (mirrored == nil || mirrored?.size == entry.size)
                && seen.answer(0, about: entry) { isMeant(entry.path, offset, on: machine) }
        }
        guard let first = matching.first else { return nil }
        if matching.count > 1 { throw foundTwice(matching) }
        if let test = parameters.test {
            let others = try others(of: test, on: machine, seen)
            return others.map { Place(paths: [first.path] + $0, offset: offset) }
        }
        let device = try machine.openDirectly(first.path, .read)
        guard let (layout, image) = try AreaLayout.told(by: device, at: offset) else {
            return Place(paths: [first.path], offset: offset)
        }
        do {
            let others = try AreaMembers(of: layout, image).find(on: machine, seen)
            return Place(paths: [first.path] + others, offset: offset, isShared: true)
        } catch {
            if case .image(.devicesMissing) = error { return nil }
            throw error
        }
    }

    /// In a test, the devices that the area is on besides its first one. Nil where not all are there yet.
    private func others(
        of test: [DeviceMark], on machine: any Machine, _ seen: SeenDevices
    ) throws -> [FilePath]? {
        let list = try seen.devices(on: machine)
        var paths: [FilePath] = []
        for (index, mark) in test.enumerated().dropFirst() {
            let matching = list.uppermost { entry in
                seen.answer(index + 1, about: entry) {
                    (try? machine.open(entry.path, .read, direct: false))
                        .flatMap { looks(like: mark, $0, 0) }
                }
            }
            guard let other = matching.first else { return nil }
            if matching.count > 1 { throw foundTwice(matching) }
            paths.append(other.path)
        }
        return paths
    }

    private func foundTwice(_ devices: [BlockDeviceList.Entry]) -> SaveError {
        let paths = devices.map(\.path)
        return parameters.test == nil
            ? .areaFoundTwice(parameters.image, paths) : .deviceFoundTwice(paths)
    }

    private func looks(like mark: DeviceMark, _ device: BlockDevice, _ offset: UInt64) -> Bool? {
        if device.size != mark.size { return false }
        return (try? DeviceMark(of: device, offset: offset)).map { $0 == mark }
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
        if let mark = parameters.test?.first { return looks(like: mark, device, offset) }
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
