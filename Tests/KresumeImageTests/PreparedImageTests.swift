// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea
import Testing

@testable import KresumeImage

@Suite struct PreparedImageTests {
    private static func complaint(_ area: ImageArea, id: ImageID = Sample.id) -> ImageError? {
        do { _ = try PreparedImage(reading: id, areaSize: area.size, readAt: area.read) } catch {
            switch error {
            case .image(let error): return error
            }
        }
        return nil
    }

    @Test(arguments: [
        Damage("ready", .wrongState(found: .ready)) { $0.patchState(UInt32(2), at: 24) },
        Damage("became an image", .signatureChanged(expected: .swap, found: .image)) {
            $0.put(Array("LINHIB0001".utf8), at: 4086)
        },
        Damage("became the kernel's image", .signatureChanged(expected: .swap, found: .swsusp1)) {
            $0.put(Array("S1SUSPEND\0".utf8), at: 4086)
        },
        Damage("has runs", .unexpectedSection(.runs)) {
            try $0.editHeader { header in
                header.sections.append(
                    ImageSection(
                        kind: .runs, isRequired: true, offset: 12288, size: 0,
                        checksum: 0xef46_db37_51d8_e999))
            }
        },
        Damage("sections overlap", .overlap(offset: 12288, previousEnd: 16384)) {
            try $0.editHeader {
                $0.sections[0].offset = 12288
                $0.sections[1].offset = 12288
            }
            try $0.sealSections()
        },
        Damage("no memory map", .missingSection(.memoryMap)) {
            try $0.editHeader { $0.sections.remove(at: 1) }
        },
        Damage("paging levels", .pagingLevels(0)) {
            try $0.patchSection(.jump, UInt32(0), at: 48)
        },
    ])
    func isRefused(damage: Damage) throws {
        var area = Sample.swapArea
        _ = try Sample.prepare(&area)
        #expect(Self.complaint(area) == nil)
        try damage.apply(&area)
        #expect(Self.complaint(area) == damage.expected)
    }

    @Test func anotherImageIsNotTaken() throws {
        var area = Sample.swapArea
        _ = try Sample.prepare(&area)
        let other = ImageID(low: 1, high: 2)
        #expect(Self.complaint(area, id: other) == .unexpectedID(expected: other, found: Sample.id))
    }

    @Test func anImageIsNotWrittenOver() throws {
        var area = try Sample.area()
        #expect(throws: ImageError.wrongState(found: .ready)) { try Sample.prepare(&area) }
    }

    @Test func anAreaTooSmallIsRefused() throws {
        var area = ImageArea(pages: 6)
        #expect(throws: ImageError.imageSize(7 * 4096, areaSize: 6 * 4096)) {
            try Sample.prepare(&area)
        }
    }

    @Test func theSwapHeaderIsObeyed() throws {
        var area = Sample.swapArea
        area.put(UInt32(5), at: 1028)
        #expect(throws: ImageError.imageSize(7 * 4096, areaSize: 6 * 4096)) {
            try Sample.prepare(&area)
        }
        area.put(UInt32(15), at: 1028)
        #expect(throws: ImageError.imageSize(17 * 4096, areaSize: 16 * 4096)) {
            try Sample.complete(&area)
        }
        area.put(UInt32(1), at: 1032)
        #expect(throws: ImageError.badPages(1)) { try Sample.prepare(&area) }
    }

    /// What a reader would refuse is not written.
    @Test(
        arguments: [
            (5, .text(.system, offset: 10)), (6, .text(.invariants, offset: 0)),
            (7, .saverRegion(Sample.frames(0..<0))),
        ] as [(Int, ImageError)])
    func aBadMachineIsRefused(which: Int, expected: ImageError) throws {
        var machine = Sample.machine
        switch which {
        case 5: machine.system.kernelVersion = "#1\n"
        case 6: machine.invariants = Invariants([.init("a b", "value")])
        default: machine.jump.saverRegion = Sample.frames(0..<0)
        }
        let area = Sample.swapArea
        #expect(throws: expected) {
            try PreparedImage(
                id: Sample.id, creationTime: 0, signaturePage: SignaturePage(area.read(0, 4096)),
                machine: machine, areaSize: area.size)
        }
    }

    @Test func aBadCompletionIsRefused() throws {
        var area = Sample.swapArea
        let prepared = try Sample.prepare(&area)
        let chunks = Sample.storeChunks(&area, at: prepared.firstFreeOffset)
        let complete = { (runs: [PageRun], chunks: [Chunk], dataEnd: UInt64, areaSize: UInt64) in
            _ = try prepared.completed(
                jumpBackEntry: Sample.jumpBackEntry, runs: runs, chunks: chunks, dataEnd: dataEnd,
                areaSize: areaSize)
        }
        let dataEnd = prepared.firstFreeOffset + 7 * 4096
        try complete(Sample.runs, chunks, dataEnd, area.size)
        #expect(throws: ImageError.imageSize(17 * 4096, areaSize: 16 * 4096)) {
            try complete(Sample.runs, chunks, dataEnd, 16 * 4096)
        }
        #expect(throws: ImageError.imageSize(dataEnd - 1, areaSize: area.size)) {
            try complete(Sample.runs, chunks, dataEnd - 1, area.size)
        }
        #expect(throws: ImageError.overlap(offset: 13 * 4096, previousEnd: 14 * 4096)) {
            try complete(Sample.runs, chunks, dataEnd - 4096, area.size)
        }
        #expect(throws: ImageError.dataPages(header: 9, runs: 9, chunks: 7)) {
            try complete(Sample.runs, Array(chunks.dropLast()), dataEnd, area.size)
        }
        #expect(throws: ImageError.chunkOrder(0, firstPage: 3, expected: 0)) {
            try complete(Sample.runs, Array(chunks[1...]), dataEnd, area.size)
        }
        #expect(throws: ImageError.chunkOrder(2, firstPage: .max, expected: 7)) {
            var last = chunks[2]
            last.firstPage = .max
            try complete(Sample.runs, chunks.dropLast() + [last], dataEnd, area.size)
        }
    }

    @Test(arguments: [ChunkCompression.lz4, .zstd]) func compressionIsTold(
        compression: ChunkCompression
    ) throws {
        let header = ImageHeader(
            id: Sample.id, creationTime: 1, originalSignature: .swap, compression: compression)
        let bytes = try header.write().bytes
        #expect(bytes[16..<24] == [compression == .zstd ? 1 : 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(try ImageHeader(parsing: bytes) == header)
    }
}
