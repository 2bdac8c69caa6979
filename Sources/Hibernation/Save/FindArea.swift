// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SystemPackage

/// Finds the area that A prepared, by the id that A wrote there: whatever the devices are called
/// in this kernel, no other place will be written to.
struct FindArea {
    let id: ImageID
    /// In pages.
    let offsetPages: UInt64

    /// The device's path, and the area's offset in bytes.
    func find(_ wait: DeviceWait) throws -> (path: FilePath, offset: UInt64) {
        let (offset, overflow) = offsetPages.multipliedReportingOverflow(
            by: UInt64(PageFrame.size))
        if overflow { throw SaveError.areaNotFound(id) }
        let found = try wait.until("the device that was prepared") { () -> [FilePath]? in
            // A device below another one shows the same bytes; the one on top is meant.
            let matching = try wait.machine.blockDevices().topmost.filter {
                isPrepared($0.path, offset, on: wait.machine)
            }
            return matching.isEmpty ? nil : matching.map(\.path)
        }
        guard let found else { throw SaveError.areaNotFound(id) }
        if found.count > 1 { throw SaveError.areaFoundTwice(id, found) }
        return (found[0], offset)
    }

    /// A device that cannot be read is not the one.
    private func isPrepared(_ path: FilePath, _ offset: UInt64, on machine: any Machine) -> Bool {
        guard let device = try? machine.open(path, .read, direct: false),
            case (let position, let overflow) = offset.addingReportingOverflow(StateRecord.offset),
            !overflow,
            let page = try? device.readBytes(at: position, count: StateRecord.size),
            let record = try? StateRecord(parsing: page)
        else { return false }
        return record.id == id && record.state == .prepared
    }
}
