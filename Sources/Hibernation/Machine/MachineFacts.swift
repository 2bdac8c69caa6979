// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SystemPackage

/// What an image records of the machine, and what must be so again when it is resumed.
enum MachineFacts {
    static func firmwareMap(_ machine: any FirmwareFacts) throws -> MemoryMap {
        guard let map = try machine.firmwareMap() else { throw MachineError.noFirmwareMap }
        return map
    }

    /// Throws where this is not the machine whose firmware gave `map`.
    static func requireSameMap(as map: MemoryMap, _ machine: any FirmwareFacts) throws {
        let difference = map.difference(from: try firmwareMap(machine))
        if !difference.onlyHere.isEmpty || !difference.onlyThere.isEmpty {
            throw ResumeError.otherMemoryMap(
                image: difference.onlyHere, here: difference.onlyThere)
        }
    }

    /// - Parameters:
    ///   - withACPITables: see ``ACPIData/tableFacts(_:)``; the restore kernel looks at these by
    ///     themselves.
    ///   - isRemembered: see ``NewestImage``.
    static func invariants(
        _ machine: any FirmwareFacts, withACPITables: Bool = false, isRemembered: Bool = false
    ) throws -> KresumeImage.Invariants {
        let facts = try machine.invariants().compactMap {
            line -> KresumeImage.Invariants.Fact? in
            guard let space = line.firstIndex(of: " ") else { return nil }
            return .init(String(line[..<space]), String(line[line.index(after: space)...]))
        }
        return KresumeImage.Invariants(
            facts + (withACPITables ? try ACPIData.tableFacts(machine) : [])
                + (isRemembered ? [NewestImage.fact] : []))
    }
}
