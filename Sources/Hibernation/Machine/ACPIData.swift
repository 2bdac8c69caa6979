// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// Memory in which the firmware, and an EFI stub, have left tables for the kernel: ACPI's, the log of the
/// TPM. Where it lies may change from boot to boot.
///
/// A kernel reads these tables where they are as long as it runs, and interprets AML there. So an image
/// has their contents, and they are put where the original kernel had them, whatever the restore kernel's
/// firmware has there.
enum ACPIData {
    /// What an image of this machine is to have of it: nothing, or all.
    ///
    /// Nothing where the root pointer lies elsewhere: that one would be the restore kernel's, and lead
    /// each kernel that is started by kexec later, the next saver kernel too, to tables that are gone.
    static func saved(_ map: MemoryMap, _ machine: any FirmwareFacts) throws -> FrameSet {
        guard let frames = map.acpiData, let root = try rootPointer(machine),
            frames.contains(root.frame)
        else { return FrameSet() }
        return frames
    }

    /// EFI's, else what the boot loader or the kernel's decompressor has found.
    private static func rootPointer(_ machine: any FirmwareFacts) throws -> PhysicalAddress? {
        if let pointer = try machine.acpiRootPointer() { return pointer }
        // `acpi_rsdp_addr` of `struct boot_params`, arch/x86/include/uapi/asm/bootparam.h, Linux 6.12.
        let pointer = try machine.bootParameters().integer(at: 0x70, as: UInt64.self)
        return pointer.flatMap { $0 == 0 ? nil : PhysicalAddress($0) }
    }

    static let tableCategory = "acpi-table"

    /// The tables through which kernel and firmware go on to work together, as facts. AML has addresses
    /// of memory that both use, and so has the FADT: they must be this firmware's.
    static func tableFacts(_ machine: any FirmwareFacts) throws -> [KresumeImage.Invariants.Fact] {
        try machine.acpiTables().compactMap { table in
            let signature = table.name.prefix(4)
            guard ["FACP", "DSDT", "SSDT", "PSDT"].contains(signature) else { return nil }
            var bytes = table.bytes
            if signature == "FACP" { bytes.forgetPlaceOfDSDT() }
            let digest = String(XXH64.hash(bytes), radix: 16)
            return .init(tableCategory, "\(table.name) \(digest)")
        }
    }
}

extension [UInt8] {
    /// Of a FADT (ACPI 6.5, table 5.9): `DSDT`, `X_DSDT`, and the checksum, which goes with them. Where
    /// the FACS is, stays.
    fileprivate mutating func forgetPlaceOfDSDT() {
        for range in [9..<10, 40..<44, 140..<148] {
            for index in range where index < count { self[index] = 0 }
        }
    }
}
