// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// An arm64 machine's processors, which its firmware tells apart by their affinity (MPIDR_EL1).
extension CPU {
    /// The number that this kernel has given to the processor with this affinity; nil where there is none, or
    /// where the machine is described by ACPI, from which the kernel shows no affinity.
    ///
    /// Source: Documentation/devicetree/bindings/arm/cpus.yaml, Linux 6.12: `reg`, one or two cells, big-endian.
    package static func number(
        withAffinity affinity: UInt64, sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> Int? {
        let directory = sysfs.appending("devices/system/cpu")
        for name in try SystemFile.names(in: directory) {
            guard name.hasPrefix("cpu"), let number = Int(name.dropFirst(3)) else { continue }
            let path = directory.appending(name).appending("of_node/reg")
            guard SystemFile.exists(path) else { continue }
            let bytes = try SystemFile.prefix(path, count: 9)
            guard bytes.count == 4 || bytes.count == 8 else {
                throw .malformed(path: path, line: 1)
            }
            if bytes.reduce(0, { $0 << 8 | UInt64($1) }) == affinity { return number }
        }
        return nil
    }

    /// Lets the kernel leave by way of this processor (`migrate_to_reboot_cpu`, kernel/reboot.c, Linux 6.1 and
    /// 6.12).
    package static func setForReboot(
        _ number: Int, sysfs: FilePath = "/sys"
    ) throws(PlatformError) {
        try SystemFile.write(String(number), to: sysfs.appending("kernel/reboot/cpu"))
    }
}
