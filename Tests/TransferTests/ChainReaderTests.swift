// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Transfer

@Suite struct ChainReaderTests {
    /// A page begins with its number.
    private static func withDevice(pages: Int, _ body: (BlockDevice) throws -> Void) throws {
        let tree = try TemporaryTree()
        var bytes: [UInt8] = []
        for page in 0..<pages {
            bytes += [UInt8(page & 0xff), UInt8(page >> 8)] + [UInt8](repeating: 7, count: 4094)
        }
        try body(BlockDevice(open: tree.write(bytes, to: "device"), .read))
    }

    private func expectPages(_ numbers: [Int], of reader: ChainReader) throws {
        for number in numbers {
            let page = try reader.read(at: UInt64(number * 4096), count: 4096)
            #expect(page.count == 4096)
            #expect(Int(page[0]) | Int(page[1]) << 8 == number)
        }
    }

    @Test func equalDistancesAreGuessed() throws {
        try Self.withDevice(pages: 300) { device in
            let reader = ChainReader(device, ReadRing())
            try expectPages(Array(stride(from: 1, to: 300, by: 3)), of: reader)
            // The third shows the distance, and so does the one after each batch.
            #expect(reader.hits == 95)
        }
    }

    @Test func wrongGuessesDoNoHarm() throws {
        try Self.withDevice(pages: 200) { device in
            let reader = ChainReader(device, ReadRing())
            let numbers = [5, 10, 15, 20, 21, 25, 30, 35, 40, 7, 6, 6, 8, 190, 40, 50, 60]
            try expectPages(numbers, of: reader)
            #expect(reader.hits > 0)
        }
    }

    @Test func endsWithTheDevice() throws {
        try Self.withDevice(pages: 20) { device in
            let reader = ChainReader(device, ReadRing())
            try expectPages([1, 7, 13, 19], of: reader)
            #expect(throws: PlatformError.self) { try reader.read(at: 20 * 4096, count: 4096) }
            #expect(try reader.read(at: 4096, count: 8192).count == 8192)
        }
    }
}
