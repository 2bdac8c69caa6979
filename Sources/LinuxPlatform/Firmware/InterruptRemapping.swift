// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Whether an IOMMU translates the interrupts of this machine's devices.
package enum InterruptRemapping: String, Sendable {
    case on
    case off

    /// What the kernel does now; nil where it cannot be told.
    ///
    /// /sys/class/iommu lists IOMMUs whether or not they remap interrupts. The interrupt chips'
    /// names tell: every one behind remapping hardware, Intel's or AMD's, begins with `IR-`
    /// (`ioapic_ir_chip`, arch/x86/kernel/apic/io_apic.c; `.prefix` in
    /// drivers/iommu/intel/irq_remapping.c and drivers/iommu/amd/iommu.c; Linux 6.12). Every
    /// x86-64 kernel lists them in /sys/kernel/irq, the unused interrupts too, which
    /// /proc/interrupts hides.
    package static func current(sysfs: FilePath = "/sys") throws(PlatformError) -> Self? {
        let directory = sysfs.appending("kernel/irq")
        guard SystemFile.exists(directory) else { return nil }
        var names: [String] = []
        for interrupt in try SystemFile.names(in: directory) {
            // An interrupt may be freed meanwhile.
            let path = directory.appending(interrupt).appending("chip_name")
            if let name = try SystemFile.lineIfPresent(path) { names.append(name) }
        }
        return from(chipNames: names)
    }

    /// Only chips that can be remapped count as evidence of its absence.
    static func from(chipNames names: [String]) -> Self? {
        if names.contains(where: { $0.hasPrefix("IR-") }) { return .on }
        let remappable = ["IO-APIC", "PCI-MSI", "HPET"]
        return names.contains { name in remappable.contains { name.hasPrefix($0) } } ? .off : nil
    }
}
