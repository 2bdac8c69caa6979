// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage
import TestSupport
import Testing

@testable import Transfer

/// An area in several places of a device.
@Suite struct ImageAreaTests {
    private static let path: FilePath = "/dev/sda2"

    private let layout = AreaLayout([
        DeviceRun(DevicePage(40), count: 6), DeviceRun(DevicePage(10), count: 4),
        DeviceRun(DevicePage(20), count: 2),
    ])

    private func device(pages: Int = 64) throws -> ScriptedDevice {
        try ScriptedDevice(
            [UInt8](repeating: 0, count: pages * 4096), number: DeviceNumber(major: 8, minor: 2))
    }

    private func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 / 512 + 1) }
    }

    @Test func everyByteHasItsPlace() throws {
        let device = try device()
        let layout = try #require(layout)
        let area = try ImageArea(on: [device.open(Self.path, .readWrite)], layout: layout)
        #expect(area.size == 12 * 4096 && area.offset == 40 * 4096 && area.layoutError == nil)
        let all = pattern(12 * 4096)
        try all.withUnsafeBytes { try area.write(from: $0, at: 0) }
        let bytes = device.bytes
        #expect(Array(bytes[(40 * 4096)..<(46 * 4096)]) == Array(all[..<(6 * 4096)]))
        #expect(Array(bytes[(10 * 4096)..<(14 * 4096)]) == Array(all[(6 * 4096)..<(10 * 4096)]))
        #expect(Array(bytes[(20 * 4096)..<(22 * 4096)]) == Array(all[(10 * 4096)...]))
        #expect(bytes.count { $0 != 0 } == all.count { $0 != 0 })

        #expect(
            try area.readAt(5 * 4096 + 100, 5 * 4096)
                == Array(all[(5 * 4096 + 100)...].prefix(5 * 4096)))
        // Into several buffers, whose borders are others than those of the runs.
        let buffers = [3, 1, 5, 2].map {
            UnsafeMutableRawBufferPointer.allocate(byteCount: $0 * 4096, alignment: 4096)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        try area.read(into: buffers, at: 4096)
        let read = buffers.flatMap { Array($0) }
        #expect(read == Array(all[4096...]))
    }

    @Test func nothingBehindTheEnd() throws {
        let device = try device()
        let layout = try #require(layout)
        let area = try ImageArea(on: [device.open(Self.path, .readWrite)], layout: layout)
        let bytes = [UInt8](repeating: 1, count: 8192)
        for offset: UInt64 in [11 * 4096, 12 * 4096, .max - 100] {
            #expect(throws: PlatformError.self) { try area.readAt(offset, 8192) }
            #expect(throws: PlatformError.self) {
                try bytes.withUnsafeBytes { try area.write(from: $0, at: offset) }
            }
        }
        #expect(device.bytes.allSatisfy { $0 == 0 })
        // A device that ends before the file does.
        let short = try ImageArea(
            on: [self.device(pages: 45).open(Self.path, .read)], layout: layout)
        #expect(short.size == 0 && short.layoutError != nil)
    }
}
