// SPDX-License-Identifier: GPL-2.0-or-later

import Compression
import Testing

@Suite struct ZstandardTests {
    private static func compress(
        _ bytes: [UInt8], level: Int = Zstandard.defaultLevel
    ) throws -> [UInt8]? {
        let compressor = try #require(Zstandard.Compressor(level: level))
        var packed = [UInt8](repeating: 0, count: bytes.count)
        let size = bytes.withUnsafeBytes { source in
            packed.withUnsafeMutableBytes { compressor.compress(source, into: $0) }
        }
        return size.map { Array(packed.prefix($0)) }
    }

    private static func decompress(_ frame: [UInt8], size: Int) throws -> [UInt8] {
        let decompressor = try #require(Zstandard.Decompressor())
        var bytes = [UInt8](repeating: 0xee, count: size)
        try frame.withUnsafeBytes { source in
            try bytes.withUnsafeMutableBytes { try decompressor.decompress(source, into: $0) }
        }
        return bytes
    }

    private static func text(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 % 7 + $0 / 512) }
    }

    @Test(arguments: [(2, 1), (3, 3), (256, 3), (8, 19)]) func roundTrip(pages: Int, level: Int)
        throws
    {
        let bytes = Self.text(pages * 4096)
        let packed = try #require(try Self.compress(bytes, level: level), "it shrinks")
        #expect(packed.count <= bytes.count - 4096)
        let isSame = try Self.decompress(packed, size: bytes.count) == bytes
        #expect(isSame)
    }

    @Test func aGainBelowOnePageIsNone() throws {
        var state: UInt64 = 1
        let noise = (0..<8192).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        #expect(try Self.compress(noise) == nil)
        #expect(try Self.compress([UInt8](repeating: 0, count: 4096)) == nil)
        #expect(try Self.compress([]) == nil)
    }

    @Test(arguments: [-4096, -1, 1, 4096]) func otherSizes(difference: Int) throws {
        let packed = try #require(try Self.compress(Self.text(16384)))
        #expect(throws: DecompressionError.self) {
            try Self.decompress(packed, size: 16384 + difference)
        }
    }

    @Test func cutAndDamagedFrames() throws {
        let bytes = Self.text(16384)
        let packed = try #require(try Self.compress(bytes))
        for count in [0, 1, 4, packed.count / 2, packed.count - 1] {
            #expect(throws: DecompressionError.self) {
                try Self.decompress(Array(packed.prefix(count)), size: 16384)
            }
        }
        // Whatever is in it, it stays within its bounds: the chunk's checksum is what finds it.
        for index in packed.indices {
            var damaged = packed
            damaged[index] ^= 0x55
            _ = try? Self.decompress(damaged, size: 16384)
        }
        #expect(throws: DecompressionError.malformed(expected: 16384)) {
            try Self.decompress([0] + packed.dropFirst(), size: 16384)
        }
    }
}
