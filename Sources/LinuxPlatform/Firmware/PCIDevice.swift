// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// A PCI function, as its configuration space describes it.
package struct PCIDevice: Hashable, Sendable {
    /// `domain:bus:device.function`.
    package var address: String
    package var vendor: UInt16
    package var device: UInt16
    /// Base class, subclass and programming interface, a byte each.
    package var classCode: UInt32
    package var subsystemVendor: UInt16
    package var subsystemDevice: UInt16

    /// The functions that are there whatever drivers run, sorted by address.
    ///
    /// Left out: virtual functions, which a driver makes, and domains above 0xffff, which the
    /// Volume Management Device's driver makes (drivers/pci/controller/vmd.c, Linux 6.12).
    package static func all(sysfs: FilePath = "/sys") throws(PlatformError) -> [PCIDevice] {
        let directory = sysfs.appending("bus/pci/devices")
        guard SystemFile.exists(directory) else { return [] }
        var devices: [PCIDevice] = []
        for address in try SystemFile.names(in: directory) {
            let path = directory.appending(address)
            if address.prefix(while: { $0 != ":" }).count > 4 { continue }
            if SystemFile.exists(path.appending("physfn")) { continue }
            func number(_ attribute: String) throws(PlatformError) -> UInt64 {
                let file = path.appending(attribute)
                guard let value = try SystemFile.line(file).hexadecimal else {
                    throw .malformed(path: file, line: 1)
                }
                return value
            }
            devices.append(
                PCIDevice(
                    address: address,
                    vendor: UInt16(truncatingIfNeeded: try number("vendor")),
                    device: UInt16(truncatingIfNeeded: try number("device")),
                    classCode: UInt32(truncatingIfNeeded: try number("class")),
                    subsystemVendor: UInt16(truncatingIfNeeded: try number("subsystem_vendor")),
                    subsystemDevice: UInt16(truncatingIfNeeded: try number("subsystem_device"))))
        }
        return devices
    }
}

extension PCIDevice: CustomStringConvertible {
    /// `0000:00:1f.2 8086:2922 class 010601 subsystem 1af4:1100`.
    package var description: String {
        "\(address) \(digits(vendor, 4)):\(digits(device, 4)) class \(digits(classCode, 6))"
            + " subsystem \(digits(subsystemVendor, 4)):\(digits(subsystemDevice, 4))"
    }
}

private func digits(_ value: some BinaryInteger, _ width: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - text.count)) + text
}
