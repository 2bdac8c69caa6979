// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SystemPackage

/// What an image records of the machine, and what must be so again when it is resumed.
enum MachineFacts {
    static func firmwareMap() throws -> MemoryMap {
        guard SystemFile.exists("/sys/firmware/memmap") else { throw MachineError.noFirmwareMap }
        return try Firmware.memoryMap()
    }

    /// Throws where this is not the machine whose firmware gave `map`.
    static func requireSameMap(as map: MemoryMap) throws {
        let difference = map.difference(from: try firmwareMap())
        if !difference.onlyHere.isEmpty || !difference.onlyThere.isEmpty {
            throw ResumeError.otherMemoryMap(
                image: difference.onlyHere, here: difference.onlyThere)
        }
    }

    static func invariants() throws -> KresumeImage.Invariants {
        let lines = try LinuxPlatform.Invariants.lines()
        return KresumeImage.Invariants(
            lines.compactMap { line in
                guard let space = line.firstIndex(of: " ") else { return nil }
                return .init(String(line[..<space]), String(line[line.index(after: space)...]))
            })
    }
}
