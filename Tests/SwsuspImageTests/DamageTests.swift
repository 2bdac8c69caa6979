// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import Compression
import Explanation
import KresumeImage
import PhysicalMemory
import SwapArea
import Testing

@testable import SwsuspImage

/// One thing that is wrong with an image, and what a reader says of it.
struct Damage: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout TestDevice) -> Void
    var complaint: @Sendable (TestDevice) -> SwsuspError

    init(
        _ name: String, _ change: @escaping @Sendable (inout TestDevice) -> Void,
        _ complaint: @escaping @Sendable (TestDevice) -> SwsuspError
    ) {
        testDescription = name
        self.change = change
        self.complaint = complaint
    }

    /// An unsigned number at an offset of the header page.
    static func header(
        _ name: String, _ value: some FixedWidthInteger & Sendable, at offset: Int,
        _ complaint: SwsuspError
    ) -> Damage {
        Damage(name, { $0.put(value, at: $0.header + offset) }, { _ in complaint })
    }

    /// A number in the info page.
    static func info(
        _ name: String, _ value: UInt64, at offset: Int, _ complaint: SwsuspError
    ) -> Damage {
        Damage(name, { $0.put(value, at: $0.info + offset) }, { _ in complaint })
    }
}

@Suite struct DamageTests {
    static func limit(_ device: TestDevice) -> DevicePage { DevicePage(device.devicePages) }

    static let inHeader: [Damage] = [
        Damage.header(
            "old signature", UInt8(ascii: "2"), at: 4087,
            .signature(found: signature("S2SUSPEND\0"))),
        .header("unknown flag", UInt32(34), at: 4072, .unknownFlags(32)),
        .header("all flags", ~UInt32(0), at: 4072, .unknownFlags(~31)),
        .header("checksum, uncompressed", UInt32(6), at: 4072, .contradictoryFlags(6)),
        .header("LZ4, uncompressed", UInt32(18), at: 4072, .contradictoryFlags(18)),
        .header("no checksum, compressed", UInt32(0), at: 4072, .contradictoryFlags(0)),
        .header(
            "no swap before", UInt8(ascii: "s"), at: 4076,
            .originalSignature(Array("sWAPSPACE2".utf8))),

    ]

    static let inChain: [Damage] = [
        Damage(
            "no map page", { $0.put(UInt64(0), at: $0.header + 4064) },
            { .pageOutsideArea(DevicePage(0), limit: limit($0), offset: 4064) }),
        Damage(
            "map page beyond the device", { $0.put($0.devicePages, at: $0.header + 4064) },
            { .pageOutsideArea(limit($0), limit: limit($0), offset: 4064) }),
        Damage(
            "absurd map page", { $0.put(~UInt64(0), at: $0.header + 4064) },
            { .pageOutsideArea(DevicePage(~0), limit: limit($0), offset: 4064) }),
        Damage(
            "the swap area ends before the image",
            { $0.put(UInt32(50), at: $0.header + 1028) },
            {
                .pageOutsideArea(
                    DevicePage(51), limit: DevicePage(51),
                    offset: UInt64($0.entry(49)))
            }),
        Damage(
            "truncated device", { $0.bytes.removeLast($0.bytes.count - 100 * 4096) },
            {
                .pageOutsideArea(
                    DevicePage(100), limit: DevicePage(100),
                    offset: UInt64($0.entry(98)))
            }),
        Damage(
            "only the header page", { $0.bytes.removeLast($0.bytes.count - 4096) },
            { _ in .pageOutsideArea(DevicePage(1), limit: DevicePage(1), offset: 4064) }),
        Damage(
            "nothing", { $0.bytes.removeAll() },
            { _ in .truncated(offset: 0, needed: 4096, available: 0) }),

    ]

    static let inMap: [Damage] = [
        Damage(
            "no info page", { $0.put(UInt64(0), at: $0.entry(0)) },
            { .pageOutsideArea(DevicePage(0), limit: limit($0), offset: UInt64($0.entry(0))) }),
        Damage(
            "absurd entry", { $0.put(UInt64(1) << 62, at: $0.entry(7)) },
            {
                .pageOutsideArea(
                    DevicePage(1 << 62), limit: limit($0),
                    offset: UInt64($0.entry(7)))
            }),
        Damage(
            "hole", { $0.put(UInt64(0), at: $0.entry(20)) },
            { .entryAfterEnd(offset: UInt64($0.entry(21))) }),
        Damage(
            "a next map page after the end", { $0.put(UInt64(3), at: $0.entry(511)) },
            { .entryAfterEnd(offset: UInt64($0.entry(511))) }),
        Damage(
            "same page twice", { $0.put(UInt64($0.stored[9]), at: $0.entry(30)) },
            { .duplicatePage(DevicePage(UInt64($0.stored[9]))) }),
        Damage(
            "the map page as data", { $0.put(UInt64($0.mapPages[0]), at: $0.entry(30)) },
            { .duplicatePage(DevicePage(UInt64($0.mapPages[0]))) }),
        Damage(
            "the info page as data", { $0.put(UInt64($0.stored[0]), at: $0.entry(30)) },
            { .duplicatePage(DevicePage(UInt64($0.stored[0]))) }),
        Damage(
            "one page too few", { $0.put(UInt64(0), at: $0.entry($0.stored.count - 1)) },
            {
                let n = UInt64($0.stored.count - 1)
                return .storedPages(found: n - 1, expected: n...n)
            }),
        Damage(
            "one page too many",
            { $0.put(UInt64($0.stored.count + 3), at: $0.entry($0.stored.count)) },
            {
                let n = UInt64($0.stored.count - 1)
                return .storedPages(found: n + 1, expected: n...n)
            }),

    ]

    /// Of 115 data pages, 1 list and 12 zero pages.
    static let inInfo: [Damage] = [
        .info(
            "another machine's record", 0x1234_5679, at: 24,
            .restoreRecord(.unknown(magic: 0x1234_5679))),
        .info("a user's address", 0x40_1040, at: 0, .restoreRecord(.jumpAddress(0x40_1040))),
        .info(
            "beyond physical memory", 1 << 52, at: 8,
            .restoreRecord(.physicalJumpAddress(PhysicalAddress(1 << 52)))
        ),
        .info("PCID", 0x20001, at: 16, .restoreRecord(.pageTableRoot(0x20001))),
        .info("tables beyond memory", 1 << 52, at: 16, .restoreRecord(.pageTableRoot(1 << 52))),
        .info("checksum of 33 bits", 1 << 32, at: 32, .restoreRecord(.memoryMapChecksum(1 << 32))),
        .info("size", 118 * 4096, at: 432, .imageSize(118 * 4096, pages: 117)),
        .info("no data", 0, at: 416, .pageCounts(data: 0, all: 117, memory: 4096)),
        .info("no lists", 116, at: 416, .pageCounts(data: 116, all: 117, memory: 4096)),
        .info("fewer pages than data", 1, at: 424, .pageCounts(data: 115, all: 1, memory: 4096)),
        .info("absurdly many", ~0, at: 424, .pageCounts(data: 115, all: ~0, memory: 4096)),
        .info(
            "more lists than memory", 125, at: 424, .pageCounts(data: 115, all: 125, memory: 4096)),
        .info("more data than memory", 114, at: 400, .pageCounts(data: 115, all: 117, memory: 114)),
        .info("absurd memory", ~0, at: 400, .pageCounts(data: 115, all: 117, memory: ~0)),
        .info("entry not in the image", 0x40_2040, at: 8, .missingFrame(PageFrame(0x402))),
        .info("entry in a zero page", 0x50_9040, at: 8, .missingFrame(PageFrame(0x509))),
        .info("tables not in the image", 0x1f000, at: 16, .missingFrame(PageFrame(0x1f))),
    ]

    /// An uncompressed image with 117 pages and one map page.
    @Test(arguments: inHeader + inChain + inMap + inInfo)
    func isNamed(damage: Damage) throws {
        var device = Recipe(.none).write()
        #expect(device.complaint == nil)
        damage.change(&device)
        #expect(device.complaint == damage.complaint(device))
    }

    static let inLongChain: [Damage] = [
        Damage(
            "itself", { $0.put(UInt64($0.mapPages[0]), at: $0.entry(511)) },
            { .mapLoop(DevicePage(UInt64($0.mapPages[0]))) }),
        Damage(
            "the one before",
            {
                // Full, so that it has a next one; and room for what it names.
                $0.bytes += [UInt8](repeating: 0, count: 600 * 4096)
                let full = $0.read(UInt64($0.mapPages[0]) * 4096, 4096)
                $0.put(full, at: $0.mapPages[1] * 4096)
                $0.put(UInt64($0.mapPages[0]), at: $0.entry(511, ofMapPage: 1))
            }, { .mapLoop(DevicePage(UInt64($0.mapPages[0]))) }),
        Damage(
            "beyond the device", { $0.put($0.devicePages, at: $0.entry(511)) },
            { .pageOutsideArea(limit($0), limit: limit($0), offset: UInt64($0.entry(511))) }),
        Damage(
            "a data page", { $0.put(UInt64($0.stored[8]), at: $0.entry(511)) },
            // It holds noise.
            {
                .pageOutsideArea(
                    DevicePage(word($0, $0.stored[8] * 4096)), limit: limit($0),
                    offset: UInt64($0.stored[8] * 4096))
            }),
        Damage(
            "none", { $0.put(UInt64(0), at: $0.entry(511)) },
            {
                let n = UInt64($0.stored.count - 1)
                return .storedPages(found: 510, expected: n...n)
            }),
        Damage(
            "the header page as data",
            {
                $0.put(UInt64($0.headerPage), at: $0.entry(300))
            }, { .duplicatePage(DevicePage($0.headerPage)) }),
    ]

    /// Two map pages, in a swap file.
    @Test(arguments: inLongChain)
    func mapChains(damage: Damage) throws {
        var recipe = Recipe(.none, pages: 700)
        recipe.headerPage = 37
        var device = recipe.write()
        #expect(device.complaint == nil)
        damage.change(&device)
        #expect(device.complaint == damage.complaint(device))
    }

    /// A map that names few pages over and over, and never the same map page twice.
    @Test func anEndlessMapEnds() throws {
        var device = TestDevice(pages: 2000, headerPage: 0)
        device.put(Recipe(.none).write().read(0, 4096), at: 0)
        device.put(UInt32(1999), at: 1028)
        for page in 1..<1900 {
            for slot in 0..<511 { device.put(UInt64(1950), at: page * 4096 + 8 * slot) }
            device.put(UInt64(page + 1), at: page * 4096 + 8 * 511)
        }
        device.put(Recipe(.none).write().read(2 * 4096, 4096), at: 1950 * 4096)
        #expect(device.complaint == .duplicatePage(DevicePage(1950)))
    }

    struct ListDamage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout [UInt64]) -> Void
        var complaint: SwsuspError

        init(
            _ name: String, _ complaint: SwsuspError,
            _ change: @escaping @Sendable (inout [UInt64]) -> Void
        ) {
            testDescription = name
            self.complaint = complaint
            self.change = change
        }
    }

    /// Of 705 frames with data and 77 zero ones.
    static let inLists: [ListDamage] = [
        ListDamage("beyond the limit", .frameBeyondLimit(index: 1, entry: 1 << 40)) {
            $0[1] = 1 << 40
        },
        // Only the end has every bit set.
        ListDamage("almost the end", .frameBeyondLimit(index: 1, entry: ~0 - 1)) {
            $0[1] = ~0 - 1
        },
        ListDamage(
            "out of order", .frameOrder(index: 2, PageFrame(0x21), previous: PageFrame(0x22))
        ) { $0.swapAt(1, 2) },
        ListDamage("twice", .duplicateFrame(index: 2, PageFrame(0x21))) { $0[2] = $0[1] },
        ListDamage("twice, once as zero", .duplicateFrame(index: 2, PageFrame(0x21))) {
            $0[2] = $0[1] | 1 << 63
        },
        ListDamage("early end", .listEndsEarly(index: 100)) { $0[100] = ~0 },
        ListDamage(
            "no end", .frameOrder(index: 783, PageFrame(0), previous: PageFrame(0xf_ffff))
        ) { $0[782] = 0xf_ffff },
        ListDamage("end too early", .frameCount(listed: 781, zero: 77, dataPages: 705)) {
            $0[781] = ~0
        },
        ListDamage("one more frame", .frameCount(listed: 783, zero: 77, dataPages: 705)) {
            $0[782...783] = [0xf_ffff, ~0]
        },
        ListDamage("zero flag lost", .frameCount(listed: 782, zero: 76, dataPages: 705)) {
            $0[14] &= ~(1 << 63)
        },
        ListDamage("zero flag added", .frameCount(listed: 782, zero: 78, dataPages: 705)) {
            $0[1] |= 1 << 63
        },
        ListDamage("last page empty", .frameCount(listed: 512, zero: 50, dataPages: 705)) {
            $0[512] = ~0
        },
    ]

    @Test(arguments: compressions, inLists)
    func lists(compression: SwsuspHeader.Compression, damage: ListDamage) {
        var recipe = Recipe(compression, pages: 700)
        recipe.editLists = damage.change
        #expect(recipe.write().complaint == damage.complaint)
    }

    @Test func moreFramesThanMemory() {
        var recipe = Recipe(.none)
        recipe.memoryPages = UInt64(recipe.frames.count)
        #expect(recipe.write().complaint == nil)
        recipe.memoryPages -= 1
        #expect(recipe.write().complaint == .tooManyFrames(limit: recipe.memoryPages))
    }

    /// Blocks: `stored` are the pages after the info page, `starts` those with a length.
    @Test(arguments: [SwsuspHeader.Compression.lzo, .lz4])
    func blocks(compression: SwsuspHeader.Compression) throws {
        let recipe = Recipe(compression)
        let good = recipe.write()
        let image = try good.image()
        var walk = image.blockWalk()
        let bytes = good.stored.dropFirst().flatMap { good.read(UInt64($0) * 4096, 4096) }
        let blocks = try walk.take(from: bytes.span.bytes)
        #expect(blocks.map(\.pageCount) == [32, 32, 32, 20])
        let length = { (block: Int, value: UInt64) -> SwsuspError? in
            var device = good
            let page = good.stored[1 + Int(blocks[block].firstStoredPage)]
            device.put(value, at: page * 4096)
            return device.complaint
        }
        let limit = UInt64(32 * 4096 * 17 / 16 + 69)
        #expect(length(0, 0) == .blockLength(index: 0, 0, limit: limit))
        #expect(length(2, limit + 1) == .blockLength(index: 2, limit + 1, limit: limit))
        #expect(length(2, ~0) == .blockLength(index: 2, ~0, limit: limit))
        #expect(length(2, limit) == .blockBeyondEnd(index: 2))
        #expect(length(3, 87109) == .blockBeyondEnd(index: 3))
        #expect(length(3, 87110) == .blockLength(index: 3, 87110, limit: 87109))
        #expect(
            length(3, 100)
                == .pagesAfterLastBlock(
                    blocks[3].storedPages.upperBound - blocks[3].firstStoredPage - 1))

        let shorter = UInt64(blocks[1].length - 1)
        #expect(length(1, shorter) == .block(index: 1, .malformed(expected: 32 * 4096)))

        var cut = recipe
        cut.editStored = { $0.removeLast() }
        #expect(cut.write().complaint == .blockBeyondEnd(index: 3))
        cut.editStored = { $0.removeLast(Int(blocks[3].storedPages.count)) }
        #expect(cut.write().complaint == .missingBlocks(found: 3, expected: 4))
        cut.editStored = { $0.append($0[0]) }
        #expect(cut.write().complaint == .pagesAfterLastBlock(1))
        cut.editStored = { $0.removeLast($0.count - 3) }
        #expect(cut.write().complaint == .storedPages(found: 3, expected: 4...140))
        cut.editStored = { pages in pages += (0..<140).map { _ in pages[0] } }
        let stored = UInt64(good.stored.count - 1 + 140)
        #expect(cut.write().complaint == .storedPages(found: stored, expected: 4...140))

        // A last block with the pages of a full one, and a full one with fewer.
        cut = recipe
        cut.editStored = { pages in
            let last = pages[Int(blocks[3].firstStoredPage)...]
            pages.replaceSubrange(0..<Int(blocks[0].storedPages.count), with: last)
        }
        #expect(
            cut.write().complaint
                == .block(index: 0, .size(expected: 32 * 4096, found: 20 * 4096)))
    }

    /// Noise is stored as it is: a block with a bit of it flipped unpacks, to something else.
    @Test(arguments: [SwsuspHeader.Compression.lzo, .lz4])
    func onlyTheChecksumNotices(compression: SwsuspHeader.Compression) throws {
        var recipe = Recipe(compression)
        recipe.editStored = { $0[40][2000] ^= 1 }
        var device = recipe.write()
        let expected = try #require(try device.front()?.header.checksum)
        guard case .checksum(expected, let found)? = device.complaint else {
            Issue.record("\(String(describing: device.complaint))")
            return
        }
        // Were the header wrong as well, it would pass: the sum is all there is.
        device.put(found, at: device.header + 4060)
        #expect(device.complaint == nil)
    }

    @Test func aDeviceThatFails() throws {
        struct Failure: ExplainedError {
            var explanation: String { "broken" }
        }
        let device = Recipe(.lzo).write()
        for failing in 0..<5 {
            var reads = 0
            let readAt = { (offset: UInt64, count: Int) throws(Failure) -> [UInt8] in
                defer { reads += 1 }
                if reads == failing { throw Failure() }
                return device.read(offset, count)
            }
            let error = #expect(throws: SwsuspReadError<Failure>.self) {
                let front = try SwsuspFront.read(
                    headerPage: DevicePage(0), devicePages: device.devicePages, readAt: readAt)
                _ = try SwsuspImage.read(try #require(front), readAt: readAt)
            }
            guard case .device? = error else {
                Issue.record("read \(failing): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func aDeviceThatGivesLess() throws {
        let device = Recipe(.none).write()
        let front = try #require(try device.front())
        let error = #expect(throws: SwsuspReadError<Never>.self) {
            try SwsuspImage.read(front) { offset, count in
                Array(device.read(offset, count).dropLast())
            }
        }
        guard case .image(.truncated(4096, needed: 4096, available: 4095))? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

private func signature(_ text: String) -> Signature {
    let page = [UInt8](repeating: 0, count: 4086) + Array(text.utf8)
    return SignaturePage(page).signature
}

private func word(_ device: TestDevice, _ offset: Int) -> UInt64 {
    device.bytes.span.bytes.u64(at: offset)
}
