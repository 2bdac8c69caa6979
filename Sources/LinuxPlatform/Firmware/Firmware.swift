// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SystemPackage

/// What the firmware told the kernel.
package enum Firmware {
    /// The memory map in the firmware's order, from /sys/firmware/memmap.
    ///
    /// Unlike /proc/iomem it is the same in every kernel that this firmware starts.
    package static func memoryMap(sysfs: FilePath = "/sys") throws(PlatformError) -> MemoryMap {
        let directory = sysfs.appending("firmware/memmap")
        // The order of names is that of text: 0, 1, 10, 2.
        let indices = try SystemFile.names(in: directory).compactMap { Int($0) }.sorted()
        var entries: [MemoryMap.Entry] = []
        for index in indices {
            let path = directory.appending(String(index))
            let start = try SystemFile.line(path.appending("start"))
            let end = try SystemFile.line(path.appending("end"))
            let type = try SystemFile.line(path.appending("type"))
            // A type the kernel has no word for ("Unknown E820 type") is nobody's to use.
            guard
                let entry = MemoryMap.Entry(start: start, end: end, type: type)
                    ?? MemoryMap.Entry(start: start, end: end, type: "Reserved")
            else { throw .malformed(path: path, line: 1) }
            entries.append(entry)
        }
        return MemoryMap(entries)
    }

    /// Where ACPI's root pointer is, as EFI says; nil on other machines.
    package static func acpiRootPointer(
        sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> PhysicalAddress? {
        let path = sysfs.appending("firmware/efi/systab")
        guard let text = try SystemFile.lineIfPresent(path) else { return nil }
        return rootPointer(systab: text)
    }

    /// The first of `ACPI20=` and `ACPI=` in that order of preference.
    /// Source: `systab_show`, drivers/firmware/efi/efi.c, Linux 6.12.
    static func rootPointer(systab text: String) -> PhysicalAddress? {
        for key in ["ACPI20=", "ACPI="] {
            for line in text.split(separator: "\n") where line.hasPrefix(key) {
                if let address = line.dropFirst(key.utf8.count).trimmed.hexadecimal, address != 0 {
                    return PhysicalAddress(address)
                }
            }
        }
        return nil
    }

    /// The boot_params page (4096 bytes) that this kernel was started with.
    /// Source: Documentation/arch/x86/boot.rst and zero-page.rst, Linux 6.12.
    package static func bootParameters(sysfs: FilePath = "/sys") throws(PlatformError) -> [UInt8] {
        let path = sysfs.appending("kernel/boot_params/data")
        let bytes = try SystemFile.bytes(path, limit: 4096)
        if bytes.count != 4096 { throw .malformed(path: path, line: 1) }
        return bytes
    }

    /// ACPI's hardware signature: firmware computes it from the hardware that an operating system
    /// must find again after hibernation. Nil where there is no FACS.
    /// Source: ACPI 6.5, 5.2.10, table 5.15: little-endian, at byte 8.
    package static func hardwareSignature(sysfs: FilePath = "/sys") throws(PlatformError) -> UInt32?
    {
        let path = sysfs.appending("firmware/acpi/tables/FACS")
        guard SystemFile.exists(path) else { return nil }
        let bytes = try SystemFile.prefix(path, count: 12)
        guard bytes.count == 12, bytes.starts(with: Array("FACS".utf8)) else {
            throw .malformed(path: path, line: 1)
        }
        return bytes[8..<12].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
