// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import TestSupport
import Testing

@testable import SwsuspImage

/// Images with some of their bytes changed. `make fuzz` tries many more.
@Suite struct MutationTests {
    static let inputs = 600
    static let seed: UInt64 = 0x5eed

    static let words: [UInt64] = [
        0, 1, 2, 7, 8, 16, 31, 32, 33, 511, 512, 4095, 4096, 1 << 31, 1 << 32, 1 << 40, 1 << 51,
        1 << 52, 1 << 61, 1 << 62, 1 << 63, ~0 >> 1, ~0 - 1, ~0,
    ]

    /// Where a number that means something may begin.
    static func targets(_ device: TestDevice) -> [Range<Int>] {
        var targets = [device.header + 4056..<device.header + 4096]
        targets.append(device.header + 1024..<device.header + 1040)
        for page in device.mapPages.indices {
            targets.append(device.entry(0, ofMapPage: page)..<device.entry(130, ofMapPage: page))
            targets.append(device.entry(508, ofMapPage: page)..<device.entry(512, ofMapPage: page))
        }
        targets.append(device.info..<device.info + 40)
        targets.append(device.info + 400..<device.info + 440)
        // The lists, or the first block with the lists in it; lengths of other blocks.
        for page in device.stored.dropFirst().prefix(40) {
            targets.append(page * 4096..<page * 4096 + 16)
        }
        targets.append(device.stored[1] * 4096..<device.stored[1] * 4096 + 1200)
        return targets
    }

    /// Whatever is changed: refused, no image any more, or one that keeps its promises; and a
    /// compressed image that is accepted has the very pages that it had.
    @Test(arguments: compressions, [(40, 0), (600, 21)] as [(Int, UInt64)])
    func damage(
        compression: SwsuspHeader.Compression, shape: (pages: Int, headerPage: UInt64)
    ) throws {
        var recipe = Recipe(compression, pages: shape.pages)
        recipe.headerPage = shape.headerPage
        let original = recipe.write()
        let stream = recipe.stream
        let targets = Self.targets(original)
        var random = SplitMix(state: Self.seed ^ UInt64(shape.pages))
        var outcomes = (refused: 0, none: 0, accepted: 0)
        var device = original
        let inputs = shape.pages < 100 ? Self.inputs : Self.inputs / 3
        for _ in 0..<inputs {
            var changed: [Range<Int>] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                changed.append(Self.change(&device, targets, &random))
            }
            let cut = Int.random(in: 0..<16, using: &random) == 0
            if cut {
                let pages = Int.random(in: 1..<Int(original.devicePages), using: &random)
                device.bytes.removeLast(pages * 4096)
            }
            do throws(SwsuspError) {
                if try device.front() == nil {
                    outcomes.none += 1
                } else {
                    let image = try device.image()
                    let found = try device.stream(of: image)
                    outcomes.accepted += 1
                    #expect(brokenPromises(of: image, on: device) == [])
                    let isSame = compression == .none || found == stream
                    #expect(isSame, "\(changed)")
                }
            } catch { outcomes.refused += 1 }
            if cut { device = original }
            for range in changed { device.put(Array(original.bytes[range]), at: range.lowerBound) }
        }
        #expect(device.bytes == original.bytes)
        #expect(outcomes.refused > inputs / 10 && outcomes.accepted > 0, "\(outcomes)")
        #expect(outcomes.none > 0 || shape.pages > 100, "\(outcomes)")
    }

    /// One change, and where it was.
    static func change(
        _ device: inout TestDevice, _ targets: [Range<Int>], _ random: inout SplitMix
    ) -> Range<Int> {
        let isAnywhere = Int.random(in: 0..<8, using: &random) == 0
        let range = isAnywhere ? 0..<device.bytes.count : targets.randomElement(using: &random)!
        var place = Int.random(in: range, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            device.bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            return place..<place + 1
        case 1:
            device.bytes[place] = .random(in: 0...255, using: &random)
            return place..<place + 1
        case 2:
            place &= ~7
            device.put(words.randomElement(using: &random)!, at: place)
            return place..<place + 8
        default:
            place &= ~7
            let word = UInt64.random(in: 0..<device.devicePages, using: &random)
            device.put(word, at: place)
            return place..<place + 8
        }
    }
}
