// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SystemPackage

/// Memory of EFI's runtime services, and where the kernel told the firmware that it is mapped.
package struct EFIRuntimeRange: Hashable, Sendable {
    /// EFI_MEMORY_TYPE (UEFI 2.10, 7.2.1).
    package var type: UInt32
    package var physicalAddress: PhysicalAddress
    package var virtualAddress: UInt64
    /// Of 4096 bytes.
    package var pageCount: UInt64
    /// EFI_MEMORY_* bits (UEFI 2.10, 7.2.3).
    package var attribute: UInt64

    /// The whole map in ascending physical order; empty on machines without EFI, and in kernels
    /// without CONFIG_EFI_RUNTIME_MAP.
    ///
    /// Source: arch/x86/platform/efi/runtime-map.c, Linux 6.12.
    package static func map(sysfs: FilePath = "/sys") throws(PlatformError) -> [EFIRuntimeRange] {
        let directory = sysfs.appending("firmware/efi/runtime-map")
        guard SystemFile.exists(directory) else { return [] }
        var ranges: [EFIRuntimeRange] = []
        for name in try SystemFile.names(in: directory) {
            let path = directory.appending(name)
            func number(_ attribute: String) throws(PlatformError) -> UInt64 {
                let file = path.appending(attribute)
                guard let value = try SystemFile.line(file).hexadecimal else {
                    throw .malformed(path: file, line: 1)
                }
                return value
            }
            ranges.append(
                EFIRuntimeRange(
                    type: UInt32(truncatingIfNeeded: try number("type")),
                    physicalAddress: PhysicalAddress(try number("phys_addr")),
                    virtualAddress: try number("virt_addr"), pageCount: try number("num_pages"),
                    attribute: try number("attribute")))
        }
        return ranges.sorted { $0.physicalAddress < $1.physicalAddress }
    }

    /// Left over from the boot: a picture, a table, which Linux keeps by calling them runtime
    /// memory, and which lie elsewhere after another boot. No firmware code uses them any more.
    /// Source: `efi_arch_mem_reserve`, arch/x86/platform/efi/quirks.c, Linux 6.12.
    package var isBootServicesData: Bool { type == 4 }
}

extension EFIRuntimeRange: CustomStringConvertible {
    package var description: String {
        "\(physicalAddress) pages \(pageCount.hex) virtual \(virtualAddress.hex) type \(type)"
            + " attribute \(attribute.hex)"
    }
}
