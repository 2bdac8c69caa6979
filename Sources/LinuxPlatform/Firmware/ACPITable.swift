// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// A table that the firmware has given to the kernel.
package struct ACPITable: Hashable, Sendable {
    /// The file's name: the signature, with a number behind it where there are several.
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// Those that the firmware has listed, sorted by name; none without ACPI. What AML has loaded later
    /// is elsewhere.
    ///
    /// Source: drivers/acpi/sysfs.c, Linux 6.12.
    package static func all(sysfs: FilePath = "/sys") throws(PlatformError) -> [ACPITable] {
        let directory = sysfs.appending("firmware/acpi/tables")
        guard SystemFile.exists(directory) else { return [] }
        var tables: [ACPITable] = []
        for name in try SystemFile.names(in: directory) {
            // Beside directories.
            guard name.first?.isUppercase == true else { continue }
            tables.append(
                ACPITable(name: name, bytes: try SystemFile.bytes(directory.appending(name))))
        }
        return tables
    }
}
