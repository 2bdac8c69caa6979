// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea
import Testing

@testable import KresumeImage

/// Images that have what lay beside ACPI's tables.
@Suite struct ACPIDataTests {
    /// ``Sample/memoryMap``, with tables in two frames that the sample's runs fill.
    private static let map: MemoryMap = {
        var map = Sample.memoryMap
        let tables = FrameRange(PageFrame(0x110), PageFrame(0x112)).physicalRange
        map.entries[2].range.end = tables.start
        map.entries.append(.init(tables, .acpi))
        map.entries.append(
            .init(PhysicalRange(tables.end, PhysicalAddress(0x80_0000)), .ram))
        return map
    }()

    private func complete(_ area: inout ImageArea, acpiData: Bool) throws -> Sample.Completion {
        var machine = Sample.machine
        machine.memoryMap = Self.map
        machine.jump.messagePage = PhysicalAddress(0x10_0000)
        let prepared = try PreparedImage(
            id: Sample.id, creationTime: 0, signaturePage: SignaturePage(area.read(0, 4096)),
            machine: machine, acpiData: acpiData, areaSize: area.size)
        for write in prepared.writes { area.write(write) }
        let read = try PreparedImage(reading: Sample.id, areaSize: area.size, readAt: area.read)
        #expect(read.header == prepared.header && read.memory == prepared.memory)
        let chunks = Sample.storeChunks(&area, at: prepared.firstFreeOffset)
        let completion = try prepared.completed(
            jumpBackEntry: Sample.jumpBackEntry, runs: Sample.runs, chunks: chunks,
            dataEnd: prepared.firstFreeOffset + 7 * 4096, areaSize: area.size)
        completion.forEachWrite { area.write($0) }
        area.write(completion.signature)
        return completion
    }

    @Test func runsMayFillThem() throws {
        var area = Sample.swapArea
        let completion = try complete(&area, acpiData: true)
        // Bit 1: a reader that does not know it refuses the image.
        #expect(area.bytes[4096 + 16] == 2)
        let image = try #require(try area.image())
        #expect(image.header == completion.header && image.header.hasACPIData)
        #expect(image.memory.contains(FrameRange(PageFrame(0x10f), PageFrame(0x113))))
    }

    @Test func notInOtherImages() throws {
        var area = Sample.swapArea
        #expect(throws: ImageError.runOutsideMemory(Sample.run(0x110, 2))) {
            try complete(&area, acpiData: false)
        }
        var sealed = Sample.swapArea
        _ = try complete(&sealed, acpiData: true)
        try sealed.editHeader { $0.hasACPIData = false }
        #expect(sealed.complaint == .runOutsideMemory(Sample.run(0x110, 2)))
    }

    @Test func withAnyCompression() throws {
        for compression in [ChunkCompression.lz4, .zstd] {
            var header = ImageHeader(
                id: Sample.id, creationTime: 0, originalSignature: .swap,
                compression: compression)
            header.hasACPIData = true
            #expect(try ImageHeader(parsing: header.write().bytes) == header)
        }
    }
}
