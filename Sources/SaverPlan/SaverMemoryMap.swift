// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

extension MemoryMap {
    /// The memory map that the saver kernel gets: as RAM only what kexec has put aside for it.
    ///
    /// A's other RAM is not listed at all, so that /proc/vmcore may map it. What the firmware
    /// keeps for itself is listed as it is: ACPI looks there.
    ///
    /// - Parameter tables: what of the region's end must stay as A has written it.
    static func saver(
        lowMemory: FrameRange, region: FrameRange, tables: FrameRange, firmware: MemoryMap
    ) -> MemoryMap {
        let own = [
            Entry(lowMemory.physicalRange, .ram),
            Entry(FrameRange(region.lower, tables.lower).physicalRange, .ram),
            Entry(tables.physicalRange, .reserved),
        ]
        let firmwares = firmware.entries.filter { $0.type != .ram }.map { entry in
            let keepsType = [.acpi, .acpiNonVolatile, .unusable].contains(entry.type)
            // Persistent memory would find a driver in the saver kernel; it is A's.
            return Entry(entry.range, keepsType ? entry.type : .reserved)
        }
        return MemoryMap(own + firmwares).merged
    }
}
