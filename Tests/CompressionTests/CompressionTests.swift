// SPDX-License-Identifier: GPL-2.0-or-later

import CLZO
import Checksum
import Compression
import TestSupport
import Testing

@Suite struct XXH64Tests {
    /// The last from an implementation written after the specification of XXH64.
    @Test(
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b),
            ("abc", 0x44bc_2cf5_ad77_0999),
            ("kresume keeps what it is given, page by page", 0x49b8_29fd_5095_dfc9),
        ] as [(String, UInt64)])
    func knownValues(text: String, expected: UInt64) {
        #expect(XXH64.hash(Array(text.utf8)) == expected)
        #expect(XXH64.hash(Array(("x" + text).utf8).dropFirst()) == expected)
        var bytes = Array(text.utf8)
        for cut in [0, bytes.count / 3, bytes.count] {
            let parts = bytes.withUnsafeMutableBytes { bytes in
                XXH64.hash(parts: [.init(rebasing: bytes[..<cut]), .init(rebasing: bytes[cut...])])
            }
            #expect(parts == expected)
        }
    }
}

@Suite struct CRC32Tests {
    /// crc32_le as its definition has it, a bit at a time.
    private static func definition(_ start: UInt32, _ bytes: [UInt8]) -> UInt32 {
        bytes.reduce(start) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
                crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xedb8_8320)
            }
        }
    }

    @Test func knownValues() {
        // The check value of CRC-32 in every catalogue, which inverts before and after.
        #expect(~CRC32.update(~0, Array("123456789".utf8)) == 0xcbf4_3926)
        #expect(CRC32.update(0, Array("123456789".utf8)) == 0x2dfd_2d88)
        #expect(CRC32.update(0x1234, []) == 0x1234)
        #expect(CRC32.update(0, [0, 0, 0]) == 0)
    }

    @Test(arguments: [0, 1, 0xffff_ffff, 0xdead_beef] as [UInt32])
    func agreesWithItsDefinition(start: UInt32) {
        for count in [0, 1, 7, 8, 63, 4096, 5000] {
            let bytes = noise(count)
            #expect(CRC32.update(start, bytes) == Self.definition(start, bytes))
            let zeroes = [UInt8](repeating: 0, count: count)
            #expect(
                CRC32.shifted(start, byZeroes: UInt64(count)) == Self.definition(start, zeroes))
        }
    }

    /// From where messages are divided first; with and without something left of a turn, a strip.
    @Test(arguments: [
        12_031, 12_032, 12_033, 12_095, 12_096, 15_103, 35_775, 35_776, 35_777, 35_840, 68_544,
        131_072,
    ])
    func longMessagesToo(count: Int) {
        let bytes = noise(count)
        for start: UInt32 in [0, 0xdead_beef] {
            #expect(CRC32.update(start, bytes) == Self.definition(start, bytes))
        }
        // Nor does it matter where the message lies.
        bytes.withUnsafeBytes { bytes in
            let part = UnsafeRawBufferPointer(rebasing: bytes[3...])
            #expect(CRC32.update(1, part) == Self.definition(1, Array(part)))
        }
    }

    /// More zeroes than anyone would compute: two shifts are one.
    @Test(
        arguments: [(1 << 20, 3), (1 << 33, 1 << 41), (1 << 45, (1 << 47) - 1)]
            as [(UInt64, UInt64)])
    func longShifts(a: UInt64, b: UInt64) {
        let once = CRC32.shifted(0xdead_beef, byZeroes: a + b)
        #expect(CRC32.shifted(CRC32.shifted(0xdead_beef, byZeroes: a), byZeroes: b) == once)
        #expect(once != 0xdead_beef)
    }

    @Test func partsAddUpInAnyOrder() {
        let bytes = noise(10_000)
        var random = SplitMix(state: 5)
        var cuts = [0] + (0..<9).map { _ in Int.random(in: 0..<10_000, using: &random) } + [10_000]
        cuts.sort()
        let sum = zip(cuts, cuts.dropFirst()).shuffled(using: &random).reduce(UInt32(0)) {
            sum, part in
            let crc = CRC32.update(0, Array(bytes[part.0..<part.1]))
            return sum ^ CRC32.shifted(crc, byZeroes: UInt64(10_000 - part.1))
        }
        #expect(sum == CRC32.update(0, bytes))
    }
}

private func compress(_ bytes: [UInt8], room: Int? = nil, acceleration: Int = 1) -> [UInt8]? {
    var packed = [UInt8](repeating: 0, count: room ?? bytes.count)
    let size = bytes.withUnsafeBytes { source in
        packed.withUnsafeMutableBytes {
            LZ4.compress(source, into: $0, acceleration: acceleration)
        }
    }
    return size.map { Array(packed.prefix($0)) }
}

private func decompress(_ block: [UInt8], size: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: size)
    try block.withUnsafeBytes { source in
        try bytes.withUnsafeMutableBytes { try LZ4.decompress(source, into: $0) }
    }
    return bytes
}

/// Bytes that LZ4 cannot shorten.
private func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}

@Suite struct LZ4Tests {
    @Test(arguments: [2, 3, 256]) func roundTrip(pages: Int) throws {
        let bytes = noise(2048) + (0..<pages * 4096 - 2048).map { UInt8($0 % 7) }
        let packed = try #require(compress(bytes), "it shrinks")
        #expect(packed.count <= bytes.count - 4096)
        let isSame = try decompress(packed, size: bytes.count) == bytes
        #expect(isSame)
    }

    /// In a hurry it finds less, and nothing wrong.
    @Test func accelerated() throws {
        let words = noise(200).map { _ in noise(5) }
        let bytes = noise(30_000).flatMap { words[Int($0) % 200][..<(2 + Int($0) % 4)] }
        let text = Array(bytes[..<(16 * 4096)])
        var sizes: [Int] = []
        for acceleration in [1, 8, 60] {
            let packed = try #require(compress(text, acceleration: acceleration))
            let isSame = try decompress(packed, size: text.count) == text
            #expect(isSame)
            sizes.append(packed.count)
        }
        #expect(sizes[0] < sizes[2])
    }

    /// Two pages that need a little more than one, and a little less.
    @Test func aGainBelowOnePageIsNone() {
        let large = compress(noise(4096 + 64) + [UInt8](repeating: 0, count: 4096 - 64))
        #expect(large == nil)
        let small = compress(noise(4096 - 64) + [UInt8](repeating: 0, count: 4096 + 64))
        #expect(small != nil)
    }

    @Test func whatDoesNotShrinkIsRefused() {
        let zeroes = [UInt8](repeating: 0, count: 8192)
        let kept = [compress(noise(64 * 4096)), compress(zeroes.dropLast(4096)), compress([])]
        #expect(kept == [nil, nil, nil])
        #expect(compress(zeroes, room: 8) == nil)
    }

    @Test func badBlocks() throws {
        let bytes = [UInt8](repeating: 7, count: 8192)
        let packed = try #require(compress(bytes))
        #expect(throws: DecompressionError.malformed(expected: 8191)) {
            try decompress(packed, size: 8191)
        }
        #expect(throws: DecompressionError.size(expected: 8193, found: 8192)) {
            try decompress(packed, size: 8193)
        }
        #expect(throws: DecompressionError.malformed(expected: 8192)) {
            try decompress(packed.dropLast(), size: 8192)
        }
        #expect(throws: DecompressionError.malformed(expected: 8192)) {
            try decompress([], size: 8192)
        }
        #expect(throws: DecompressionError.malformed(expected: 0)) {
            try decompress(packed, size: 0)
        }
    }

    /// Whatever the block holds: refused or unpacked, never a byte outside.
    @Test func damagedBlocks() throws {
        var random = SplitMix(state: 0x1eaf)
        let good = try #require(compress((0..<16384).map { UInt8(($0 / 5) % 11) }))
        var refused = 0
        for _ in 0..<3000 {
            var block = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                block[Int.random(in: 0..<block.count, using: &random)] =
                    .random(in: 0...255, using: &random)
            }
            do { #expect(try decompress(block, size: 16384).count == 16384) } catch { refused += 1 }
        }
        #expect(refused > 100)
    }
}

@Suite struct LZOTests {
    private func compress(_ bytes: [UInt8]) -> [UInt8] {
        var packed = [UInt8](repeating: 0, count: bytes.count * 17 / 16 + 67)
        var count = lzo_uint(packed.count)
        var work = [UInt64](repeating: 0, count: 16384)
        #expect(lzo1x_1_compress(bytes, lzo_uint(bytes.count), &packed, &count, &work) == LZO_E_OK)
        return Array(packed.prefix(Int(count)))
    }

    private func decompress(_ block: [UInt8], size: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: size)
        try block.withUnsafeBytes { source in
            try bytes.withUnsafeMutableBytes { try LZO.decompress(source, into: $0) }
        }
        return bytes
    }

    @Test(arguments: [1, 5, 32]) func roundTrip(pages: Int) throws {
        let bytes = noise(2048) + (0..<pages * 4096 - 2048).map { UInt8($0 % 7) }
        let isSame = try decompress(compress(bytes), size: bytes.count) == bytes
        #expect(isSame)
    }

    @Test func badBlocks() throws {
        let packed = compress([UInt8](repeating: 7, count: 8192))
        #expect(throws: DecompressionError.malformed(expected: 8191)) {
            try decompress(packed, size: 8191)
        }
        #expect(throws: DecompressionError.size(expected: 8193, found: 8192)) {
            try decompress(packed, size: 8193)
        }
        for block in [packed.dropLast(), packed + [0], []] {
            #expect(throws: DecompressionError.malformed(expected: 8192)) {
                try decompress(Array(block), size: 8192)
            }
        }
        #expect(throws: DecompressionError.malformed(expected: 0)) {
            try decompress(packed, size: 0)
        }
    }

    /// Whatever the block holds: refused or unpacked, never a byte outside.
    @Test func damagedBlocks() throws {
        var random = SplitMix(state: 0x1eaf)
        let good = compress((0..<16384).map { UInt8(($0 / 5) % 11) } + noise(200))
        var outcomes = (refused: 0, unpacked: 0)
        for _ in 0..<3000 {
            var block = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                block[Int.random(in: 0..<block.count, using: &random)] =
                    .random(in: 0...255, using: &random)
            }
            do {
                #expect(try decompress(block, size: 16584).count == 16584)
                outcomes.unpacked += 1
            } catch { outcomes.refused += 1 }
        }
        #expect(outcomes.refused > 100 && outcomes.unpacked > 100, "\(outcomes)")
    }
}
