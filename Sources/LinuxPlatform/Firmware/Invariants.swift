// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// What must be the same when a hibernated kernel comes back, as lines to be compared.
///
/// A line is a category and the rest. What a machine does not have, or its kernel does not tell,
/// has no line:
///
///     pci 0000:00:1f.2 8086:2922 class 010601 subsystem 1af4:1100
///     interrupt-remapping off
///     efi-runtime 0x7f8ed000 pages 0x80 virtual 0xfffffffefec00000 type 6 attribute 0x8000…
///     facs 0x0
package enum Invariants {
    /// In an order that depends on the machine only: as above, PCI by address, EFI's runtime map
    /// by physical address.
    package static func lines(sysfs: FilePath = "/sys") throws(PlatformError) -> [String] {
        var lines = try PCIDevice.all(sysfs: sysfs).map { "pci \($0)" }
        if let remapping = try InterruptRemapping.current(sysfs: sysfs) {
            lines.append("interrupt-remapping \(remapping.rawValue)")
        }
        lines += try EFIRuntimeRange.map(sysfs: sysfs).filter { !$0.isBootServicesData }
            .map { "efi-runtime \($0)" }
        if let signature = try Firmware.hardwareSignature(sysfs: sysfs) {
            lines.append("facs \(UInt64(signature).hex)")
        }
        return lines
    }
}
