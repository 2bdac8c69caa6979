// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import TestSupport

@testable import ELFCore

extension FuzzTarget {
    /// The headers of /proc/vmcore and /proc/kcore.
    static let core = FuzzTarget(name: "core", inputLimit: 1024) {
        [
            CoreDumpFixtures.vmcore,
            CoreDumpFixtures.vmcore + [UInt8](repeating: 0, count: 100),
            TestSupport.core([
                Program(type: 4, offset: 0x1c0, address: 0, fileSize: 0x2b34, memorySize: 0),
                Program(offset: 0x7fff_8000_3000, address: .max, fileSize: 0x2000_0000),
                Program(offset: 0x3000, address: 0x100_0000, fileSize: 0x10_0000),
            ]),
        ]
    } test: { input in
        guard let core = try? ELFCore(parsing: input) else { return }
        let size = (try? ELFCore.headerSize(of: input)) ?? .max
        // The last header's alignment is not looked at.
        require(size - 8 <= input.count, "headers beyond the end")
        if let notes = core.notes { require(notes.count <= 16 << 20, "\(notes)") }
        for header in core.programHeaders where header.type == ELFCore.ProgramHeader.load {
            for count in [0, 1, 8, header.fileSize] {
                for skipped in [0, header.fileSize &- count] where skipped <= header.fileSize {
                    checkPlaces(core, header, skipped: skipped, count: count)
                }
            }
        }
        for size in [1 << 20, UInt64.max] {
            guard let memory = try? core.memory(fileSize: size) else { continue }
            for segment in memory {
                require(
                    segment.memory.size > 0
                        && segment.fileOffset <= size
                        && segment.memory.size <= size - segment.fileOffset, "\(segment)")
                require(segment.memory.end.rawValue <= 1 << 52, "\(segment)")
            }
            for (lower, upper) in zip(memory, memory.dropFirst()) {
                require(lower.memory.end <= upper.memory.start, "\(lower) and \(upper)")
            }
        }
    }

    private static func checkPlaces(
        _ core: ELFCore, _ header: ELFCore.ProgramHeader, skipped: UInt64, count: UInt64
    ) {
        let physical = header.physicalAddress.addingReportingOverflow(skipped)
        let virtual = header.virtualAddress.addingReportingOverflow(skipped)
        let places = [
            physical.overflow
                ? nil
                : core.fileOffset(of: PhysicalAddress(physical.partialValue), count: count),
            virtual.overflow
                ? nil : core.fileOffset(ofVirtual: virtual.partialValue, count: count),
        ]
        for place in places.compactMap({ $0 }) {
            require(
                core.programHeaders.contains {
                    place >= $0.offset && place - $0.offset <= $0.fileSize
                        && count <= $0.fileSize - (place - $0.offset)
                }, "\(place) is in no segment")
        }
    }
}

private enum CoreDumpFixtures {
    static let vmcore = core([
        Program(type: 4, offset: 0x1000, address: 0, fileSize: 0x800, memorySize: 0x800),
        Program(offset: 0x2000, address: 0x10_0000, fileSize: 0x20_0000),
        Program(offset: 0x20_2000, address: 0, fileSize: 0x1000),
    ])
}
