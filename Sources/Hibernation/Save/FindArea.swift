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

    /// The device's path, and the area's offset in bytes.
    func find(_ wait: DeviceWait) throws -> (path: FilePath, offset: UInt64) {
        let (offset, overflow) = parameters.offsetPages.multipliedReportingOverflow(
            by: UInt64(PageFrame.size))
        if overflow { throw notFound }
        let found = try wait.until("the device that was prepared") { seen -> [FilePath]? in
            // A device below another one shows the same bytes; the one on top is meant.
            let matching = try seen.devices(on: wait.machine).topmost.filter { entry in
                seen.answer(about: entry) { isMeant(entry.path, offset, on: wait.machine) }
            }
            return matching.isEmpty ? nil : matching.map(\.path)
        }
        guard let found else { throw notFound }
        if found.count > 1 {
            throw parameters.test == nil
                ? SaveError.areaFoundTwice(parameters.image, found) : .deviceFoundTwice(found)
        }
        return (found[0], offset)
    }

    private var notFound: SaveError {
        parameters.test == nil ? .areaNotFound(parameters.image) : .deviceNotFound
    }

    /// Nil where the device cannot be read: it is not the one, as far as that can be told.
    private func isMeant(_ path: FilePath, _ offset: UInt64, on machine: any Machine) -> Bool? {
        guard let device = try? machine.open(path, .read, direct: false) else { return nil }
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
