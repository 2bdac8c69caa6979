// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import Explanation
import KresumeImage
import PhysicalMemory
import SwapArea
import TestSupport
import Testing

@testable import SwsuspImage

let compressions: [SwsuspHeader.Compression] = [.none, .lzo, .lz4]

@Suite struct ImageTests {
    /// The large ones have two map pages or more than one page of frame lists, or both.
    @Test(arguments: compressions, [(110, 0), (700, 0), (700, 37)] as [(Int, UInt64)])
    func everyPageComesBack(
        compression: SwsuspHeader.Compression, shape: (pages: Int, headerPage: UInt64)
    ) throws {
        var recipe = Recipe(compression, pages: shape.pages)
        recipe.headerPage = shape.headerPage
        let device = recipe.write()
        let image = try device.image()
        #expect(brokenPromises(of: image, on: device) == [])
        #expect(image.header.compression == compression)
        #expect(image.info.dataPages == UInt64(recipe.data.count))
        #expect(image.info.memoryPages == 4096)
        #expect((shape.pages > 511) == (device.mapPages.count > 1) || compression != .none)
        #expect((shape.headerPage != 0) == (image.map.runs[0].first.rawValue > 50))

        let zero = image.runs.filter { $0.kind == .zero }.map(\.frames)
        #expect(FrameSet(zero) == FrameSet(recipe.zero.map { FrameRange(PageFrame($0), count: 1) }))

        let stream = try device.stream(of: image)
        #expect(stream == recipe.stream)
        var place = Int(image.info.listPages) * 4096
        for range in image.runs.frames(ofDataPages: 0..<image.runs.dataPageCount) {
            for frame in range.lower.rawValue..<range.upper.rawValue {
                let isSame = Array(stream[place..<place + 4096]) == recipe.data[frame]
                #expect(isSame, "frame \(frame)")
                place += 4096
            }
        }
        #expect(place == stream.count)
    }

    /// With a full map page at the end, and an empty one or none behind it.
    @Test(arguments: [(503, true, 2), (503, false, 1), (502, true, 1), (504, false, 2)])
    func lastMapPage(pages: Int, mapsAhead: Bool, mapPages: Int) throws {
        var recipe = Recipe(.none, pages: pages)
        recipe.mapsAhead = mapsAhead
        let device = recipe.write()
        #expect(device.stored.count == 511 + pages - 503)
        #expect(device.mapPages.count == mapPages)
        let image = try device.image()
        #expect(brokenPromises(of: image, on: device) == [])
        #expect(try device.stream(of: image) == recipe.stream)
    }

    @Test(arguments: compressions) func scatteredPages(compression: SwsuspHeader.Compression) throws
    {
        var recipe = Recipe(compression, pages: 700)
        recipe.isScattered = true
        let device = recipe.write()
        let image = try device.image()
        #expect(image.map.runs.count > Int(image.map.pageCount) / 2)
        #expect(brokenPromises(of: image, on: device) == [])
        #expect(try device.stream(of: image) == recipe.stream)
    }

    @Test(arguments: [36, 100, 1024] as [UInt64], [.lzo, .lz4] as [SwsuspHeader.Compression])
    func blocksAreFoundInPiecesOfAnySize(
        piece: UInt64, compression: SwsuspHeader.Compression
    ) throws {
        let recipe = Recipe(compression, pages: 300)
        let device = recipe.write()
        let image = try device.image()
        let stream = try device.stream(of: image, piece: piece)
        #expect(stream == recipe.stream)
        #expect(StoredBlock.storedPageLimit == 35)
    }

    /// 512 frames fill a page of the lists: no end is marked.
    @Test(arguments: [511, 512, 513]) func listsEndWithAndWithoutMark(count: Int) throws {
        var recipe = Recipe(.lzo, pages: 20)
        recipe.zero = Set((0..<count - recipe.data.count).map { 0x800 + UInt64($0) })
        let image = try recipe.write().image()
        #expect(image.info.listPages == (count > 512 ? 2 : 1))
        #expect(
            image.runs.last
                == PageRun(
                    first: PageFrame(0x800), count: UInt32(recipe.zero.count), kind: .zero))
    }

    /// A block has frame lists and data.
    @Test func dataPagesOfTheStream() throws {
        let image = try Recipe(.lz4, pages: 700).write().image()
        #expect(image.info.listPages == 2)
        #expect(image.dataPages(in: 0..<2) == 0..<0)
        #expect(image.dataPages(in: 1..<3) == 0..<1)
        #expect(image.dataPages(in: 0..<32) == 0..<30)
        #expect(image.dataPages(in: 32..<64) == 30..<62)
    }

    @Test func extentsOfTheMap() {
        let map = SwapMap(
            [(10, 3), (20, 1), (5, 4)].map { DeviceRun(DevicePage($0), count: $1) })
        let extents = { (pages: Range<UInt64>) in
            map.extents(of: pages).map { [$0.first.rawValue, $0.count] }
        }
        #expect(map.pageCount == 8)
        #expect(extents(0..<8) == [[10, 3], [20, 1], [5, 4]])
        #expect(extents(2..<5) == [[12, 1], [20, 1], [5, 1]])
        #expect(extents(3..<4) == [[20, 1]])
        #expect(extents(6..<8) == [[7, 2]])
        #expect(extents(8..<8) == [])
    }

    @Test func headerFields() throws {
        var recipe = Recipe(.lz4)
        recipe.flags = [.platformMode, .hardwareSignature]
        let header = try #require(try recipe.write().front()).header
        #expect(header.flags == [.platformMode, .hardwareSignature, .checksum, .lz4])
        #expect(header.hardwareSignature == 0x1234)
        #expect(header.checksum != nil)
        // What was there before stays where the kernel had nothing to say.
        let plain = try #require(try Recipe(.none).write().front()).header
        #expect(plain.hardwareSignature == nil && plain.checksum == nil)
    }

    @Test(arguments: ["SWAPSPACE2", "SWAP-SPACE"])
    func theHeaderPageGoesBackToSwap(signature: String) throws {
        var device = Recipe(.lzo).write()
        device.put(Array(signature.utf8), at: device.header + 4076)
        let header = try #require(try device.front()).header
        let page = header.pageWithoutImage.bytes
        #expect(page.prefix(4086) == device.read(0, 4096).prefix(4086))
        #expect(Array(page.suffix(10)) == Array(signature.utf8))
    }

    @Test(arguments: ["SWAPSPACE2", "ULSUSPEND\0", "LINHIB0001", "garbage..."])
    func otherAreasHaveNoImage(signature: String) throws {
        var device = Recipe(.none).write()
        device.put(Array(signature.utf8), at: device.header + 4086)
        #expect(try device.front() == nil)
    }

    /// Few pages are read: the tables, and the beginnings of the blocks before them.
    @Test(arguments: compressions, PagingDepth.allCases)
    func pagingLevelsIsFoundInFewReads(
        compression: SwsuspHeader.Compression, depth: PagingDepth
    ) throws {
        var recipe = Recipe(compression, pages: 700, depth: depth)
        // The tables, which have low frames, are in the second block.
        for frame in 0..<UInt64(0x20) { recipe.data[frame] = Recipe.contents(Int(frame)) }
        let device = recipe.write()
        let image = try device.image()
        var pages = 0
        let found = try image.pagingLevels { offset, count in
            pages += count / 4096
            return device.read(offset, count)
        }
        #expect(found == depth.rawValue)
        // Each depth is tried: at most four and five tables; or the block that has them all.
        #expect(pages <= (compression == .none ? 9 : 2 + StoredBlock.storedPageLimit))
    }

    @Test(arguments: compressions)
    func pagingLevelsOfDamagedTables(compression: SwsuspHeader.Compression) throws {
        var recipe = Recipe(compression)
        recipe.data[0x22] = Recipe.table([2: 0x60_01e1])
        let device = recipe.write()
        let error = #expect(throws: SwsuspReadError<Never>.self) {
            try device.image().pagingLevels(readAt: device.read)
        }
        guard case .image(.restoreRecord(.entryMapping))? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// The lists are in the blocks before.
    @Test(arguments: [.lzo, .lz4] as [SwsuspHeader.Compression])
    func pagingLevelsBehindDamagedBlock(compression: SwsuspHeader.Compression) throws {
        var recipe = Recipe(compression)
        for frame in 0..<UInt64(0x20) { recipe.data[frame] = Recipe.contents(Int(frame)) }
        var device = recipe.write()
        let image = try device.image()
        var walk = image.blockWalk()
        let place = try walk.take(
            length: device.read(UInt64(device.stored[1]) * 4096, 4096)
                .span.bytes.u64(at: 0)
        ).storedPages.upperBound
        device.put(UInt64(0), at: device.stored[1 + Int(place)] * 4096)
        let error = #expect(throws: SwsuspReadError<Never>.self) {
            try image.pagingLevels(readAt: device.read)
        }
        guard case .image(.blockLength(index: 1, 0, limit: _))? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: compressions)
    func pagingLevelsOnDeviceThatFails(compression: SwsuspHeader.Compression) throws {
        struct Failure: ExplainedError {
            var explanation: String { "broken" }
        }
        let device = Recipe(compression).write()
        let image = try device.image()
        let error = #expect(throws: SwsuspReadError<Failure>.self) {
            try image.pagingLevels { (_, _) throws(Failure) in throw Failure() }
        }
        guard case .device? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
