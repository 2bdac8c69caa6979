// SPDX-License-Identifier: GPL-2.0-or-later

/// What the firmware says a physical range is.
///
/// Raw values are those of the e820 interface (arch/x86/include/asm/e820/types.h, Linux 6.12).
package struct MemoryType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let ram = MemoryType(rawValue: 1)
    package static let reserved = MemoryType(rawValue: 2)
    package static let acpi = MemoryType(rawValue: 3)
    package static let acpiNonVolatile = MemoryType(rawValue: 4)
    package static let unusable = MemoryType(rawValue: 5)
    package static let persistent = MemoryType(rawValue: 7)
    package static let persistentLegacy = MemoryType(rawValue: 12)
    package static let softReserved = MemoryType(rawValue: 0xefff_ffff)
}

/// The firmware's memory map, in the order in which the firmware gave it.
package struct MemoryMap: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var range: PhysicalRange
        package var type: MemoryType

        package init(_ range: PhysicalRange, _ type: MemoryType) {
            self.range = range
            self.type = type
        }
    }

    package var entries: [Entry]

    package init(_ entries: [Entry]) { self.entries = entries }

    /// The same map in ascending order, adjacent ranges of one type made one, empty ones left out.
    ///
    /// Two boots of one machine may cut it differently: a kernel started by kexec sees RAM split
    /// at its setup_data, and EFI splits RAM at addresses that are not page-aligned.
    package var merged: MemoryMap {
        var result: [Entry] = []
        for entry in entries.sorted(by: { $0.range.start < $1.range.start })
        where !entry.range.isEmpty {
            if let last = result.last, last.type == entry.type, last.range.end == entry.range.start
            {
                result[result.count - 1].range.end = entry.range.end
            } else {
                result.append(entry)
            }
        }
        return MemoryMap(result)
    }

    /// The frames that are RAM with every byte.
    package var ram: FrameSet { frames(of: .ram) }

    /// The frames that are of `type` with every byte.
    package func frames(of type: MemoryType) -> FrameSet {
        FrameSet(merged.entries.filter { $0.type == type }.map(\.range.wholeFrames))
    }

    /// Where the firmware has put ACPI's tables: RAM that it does not use itself, and that a kernel may
    /// take when it has read them (ACPI 6.5, table 15.4, "ACPI Reclaim Memory"). Nil where such a range
    /// shares a page with something else.
    package var acpiData: FrameSet? {
        let ranges = merged.entries.filter { $0.type == .acpi }.map(\.range)
        guard ranges.allSatisfy({ $0 == $0.wholeFrames.physicalRange }) else { return nil }
        return FrameSet(ranges.map(\.wholeFrames))
    }

    /// Whether `other` is this map but for where in RAM ACPI's tables are.
    package func differsOnlyByACPIData(from other: MemoryMap) -> Bool {
        acpiData != nil && other.acpiData != nil && merged != other.merged
            && withACPIDataAsRAM == other.withACPIDataAsRAM
    }

    private var withACPIDataAsRAM: MemoryMap {
        MemoryMap(entries.map { $0.type == .acpi ? Entry($0.range, .ram) : $0 }).merged
    }

    /// What is only in this map and what is only in `other`, both merged.
    package func difference(from other: MemoryMap) -> (onlyHere: [Entry], onlyThere: [Entry]) {
        let here = merged.entries
        let there = other.merged.entries
        return (here.filter { !there.contains($0) }, there.filter { !here.contains($0) })
    }
}

extension MemoryType: CustomStringConvertible {
    /// The kernel's words, as in /proc/iomem and /sys/firmware/memmap.
    package var description: String {
        switch self {
        case .ram: "System RAM"
        case .reserved: "Reserved"
        case .acpi: "ACPI Tables"
        case .acpiNonVolatile: "ACPI Non-volatile Storage"
        case .unusable: "Unusable memory"
        case .persistent: "Persistent Memory"
        case .persistentLegacy: "Persistent Memory (legacy)"
        case .softReserved: "Soft Reserved"
        default: "type \(rawValue)"
        }
    }
}

extension MemoryMap.Entry: CustomStringConvertible {
    package var description: String { "\(range) \(type)" }
}
