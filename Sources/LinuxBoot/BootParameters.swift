// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// The saver kernel's `struct boot_params`: one page, all zero but for what is set here.
///
/// Format: arch/x86/include/uapi/asm/bootparam.h and Documentation/arch/x86/zero-page.rst,
/// Linux 6.12. Its `efi_info` stays zero: A's points to A's virtual addresses.
package struct BootParameters {
    package private(set) var bytes = [UInt8](repeating: 0, count: PageFrame.size)

    package static let memoryMapLimit = 128

    /// Takes the setup header over from the kernel's file, as the 64-bit boot protocol wants it.
    package init(for kernel: BzImage) {
        bytes.store(kernel.setupHeader, at: 0x1f1)
        bytes.store(UInt8(0xff), at: 0x210)  // type_of_loader: none that is registered
        bytes.store(UInt64(0), at: 0x250)  // setup_data
    }

    /// The screen as A found it at its boot, and the RSDP.
    ///
    /// - Parameters:
    ///   - parameters: /sys/kernel/boot_params/data.
    ///   - rsdp: used instead of the one in `parameters`, which is 0 where an EFI stub booted A.
    package mutating func setMachine(
        from parameters: [UInt8], rsdp: PhysicalAddress?
    ) throws(BootProtocolError) {
        guard parameters.count == PageFrame.size else {
            throw .invalidBootParameters(size: parameters.count)
        }
        bytes.store(parameters[..<0x40], at: 0)  // screen_info
        bytes.store(UInt16(0), at: 0x2)  // ... whose ext_mem_k counts A's memory
        bytes.store(parameters[0x70..<0x78], at: 0x70)  // acpi_rsdp_addr
        if let rsdp { bytes.store(rsdp.rawValue, at: 0x70) }
    }

    /// Requires a size above 0.
    package mutating func setInitrd(_ range: PhysicalRange) {
        setSplit(range.start.rawValue, low: 0x218, high: 0xc0)
        setSplit(range.size, low: 0x21c, high: 0xc4)
    }

    package mutating func setCommandLine(_ address: PhysicalAddress) {
        setSplit(address.rawValue, low: 0x228, high: 0xc8)
    }

    package mutating func setMemoryMap(_ map: MemoryMap) throws(BootProtocolError) {
        guard map.entries.count <= BootParameters.memoryMapLimit else {
            throw .tooManyMemoryMapEntries(map.entries.count)
        }
        bytes.store(UInt8(map.entries.count), at: 0x1e8)
        for (index, entry) in map.entries.enumerated() {
            let offset = 0x2d0 + 20 * index
            bytes.store(entry.range.start.rawValue, at: offset)
            bytes.store(entry.range.size, at: offset + 8)
            bytes.store(entry.type.rawValue, at: offset + 16)
        }
    }

    private mutating func setSplit(_ value: UInt64, low: Int, high: Int) {
        bytes.store(UInt32(truncatingIfNeeded: value), at: low)
        bytes.store(UInt32(truncatingIfNeeded: value >> 32), at: high)
    }
}
