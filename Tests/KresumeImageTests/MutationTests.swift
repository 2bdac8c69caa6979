// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import PhysicalMemory
import TestSupport
import Testing

@testable import KresumeImage

extension SplitMix {
    mutating func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &self)! }
}

/// The pages of an image, in the stream's order, if all its chunks are what they should be.
private func storedChunks(_ image: HibernationImage, in area: ImageArea) throws -> [[UInt8]] {
    try image.chunks.enumerated().map { index, chunk in
        let stored = area.read(chunk.offset, Int(chunk.size))
        try stored.withUnsafeBytes { try chunk.check($0, index: index) }
        return stored
    }
}

@Suite struct MutationTests {
    /// Whatever is changed: refused, no image any more, or the very same content.
    @Test func damageIsNoticed() throws {
        let original = try Sample.area()
        let image = try #require(try original.image())
        let content = try storedChunks(image, in: original)
        var random = SplitMix(state: 0x5eed)
        var outcomes = (refused: 0, none: 0, same: 0)
        for _ in 0..<2000 {
            var area = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                // Half of them where there is something to hurt.
                let used = random.pick([4086, 4096, 8192, 12288, 16384, 20480, 57344, 61440, 65536])
                let position =
                    Bool.random(using: &random)
                    ? used + Int.random(in: 0..<80, using: &random)
                    : Int.random(in: 0..<17 * 4096, using: &random)
                area.bytes[position] = .random(in: 0...255, using: &random)
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                area.bytes.removeLast(Int.random(in: 1..<48, using: &random) * 4096)
            }
            do {
                guard let found = try area.image() else {
                    outcomes.none += 1
                    continue
                }
                let foundContent = try storedChunks(found, in: area)
                outcomes.same += 1
                // Another state, with a checksum that fits, does not come about by chance.
                #expect(found == image && foundContent == content)
            } catch is ImageError { outcomes.refused += 1 }
        }
        #expect(outcomes.refused > 500 && outcomes.none > 25 && outcomes.same > 25, "\(outcomes)")
    }

    /// The same with checksums that agree: what the reader accepts keeps its own promises.
    @Test func whatIsAcceptedIsConsistent() throws {
        let original = try Sample.area()
        let tables = try [SectionKind.system, .memoryMap, .invariants, .jump, .runs, .chunks].map {
            try original.sectionOffset($0)
        }
        var random = SplitMix(state: 0xacce)
        var outcomes = (refused: 0, accepted: 0)
        for _ in 0..<1250 {
            var area = original
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let start = random.pick(tables + [4096 + 64, 4096 + 128])
                let position = start + 4 * Int.random(in: 0..<24, using: &random)
                let word = random.pick([
                    0, 1, 2, 4, 0x100, 0x400, 0x700, 0x1000, 0x3000, 0x7fff_ffff, 0x8000_0000,
                    0xffff_ffff, random.next(), UInt64(area.bytes[position]) ^ 1,
                    UInt64(area.bytes[position]) &+ 1,
                ])
                area.put(UInt32(truncatingIfNeeded: word), at: position)
            }
            area.sealHeader()
            do {
                try area.sealSections()
                let image = try #require(try area.image())
                outcomes.accepted += 1
                #expect(brokenPromises(of: image, areaSize: area.size) == [])
            } catch is ImageError { outcomes.refused += 1 }
        }
        #expect(outcomes.refused > 200 && outcomes.accepted > 20, "\(outcomes)")
    }
}
