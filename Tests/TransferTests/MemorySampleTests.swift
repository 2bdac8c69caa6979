// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory
import Testing

@testable import Transfer

@Suite struct MemorySampleTests {
    /// Three quarters filled with zeroes, of the rest half packs to nearly nothing.
    private static func bytes(_ frames: FrameRange) -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (frames.lower.rawValue..<frames.upper.rawValue).flatMap { frame -> [UInt8] in
            switch frame % 8 {
            case 0: (0..<512).flatMap { _ in withUnsafeBytes(of: random.next(), Array.init) }
            case 1: [UInt8](repeating: 7, count: 4096)
            default: [UInt8](repeating: 0, count: 4096)
            }
        }
    }

    @Test(arguments: [1, 5, 64, 1000])
    func whatIsSeenStandsForTheRest(limit: Int) throws {
        let pages = PageKinds([FrameRange(PageFrame(256), count: 64 * 256)])
        let sample = try MemorySample(
            of: pages, limit: limit, compression: .lz4, level: 0, read: Self.bytes)
        #expect(sample.size >= UInt64(min(limit, 64)) << 20)
        #expect(sample.size <= UInt64(min(limit * 2, 64)) << 20)
        #expect(sample.dataSize == sample.size / 4)
        // The random half, and little more.
        #expect((sample.size / 8...sample.size / 7).contains(sample.storedSize))
        #expect(sample.nanoseconds > 0)
    }

    @Test func whatCannotBeReadDoesNotCount() throws {
        let pages = PageKinds([FrameRange(PageFrame(0), count: 8 * 256)])
        let sample = try MemorySample(
            of: pages, limit: 8, compression: .zstd, level: 3
        ) { $0.lower.rawValue < 1024 ? nil : Self.bytes($0) }
        #expect(sample.size == 4 << 20)
        let none = try MemorySample(of: PageKinds([]), limit: 8, compression: .lz4, level: 0) {
            _ in nil
        }
        #expect(none.size == 0 && none.storedSize == 0)
    }
}
