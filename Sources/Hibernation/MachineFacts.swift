// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SystemPackage

/// What an image records of the machine, and what must be so again when it is resumed.
enum MachineFacts {
    static func firmwareMap() throws -> MemoryMap {
        do throws(PlatformError) {
            let map = try Firmware.memoryMap()
            if map.entries.isEmpty { throw .call("opendir", path: nil, .noSuchFileOrDirectory) }
            return map
        } catch {
            guard case .call(_, _, .noSuchFileOrDirectory) = error else { throw error }
            throw MachineError.noFirmwareMap
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
