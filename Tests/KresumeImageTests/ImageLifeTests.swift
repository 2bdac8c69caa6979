// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Checksum
import Explanation
import KresumeImage
import PhysicalMemory
import SwapArea
import Testing

@Suite struct ImageLifeTests {
    @Test func whatIsWrittenIsRead() throws {
        var area = Sample.swapArea
        let completion = try Sample.complete(&area)
        area.write(completion.signature)
        let image = try #require(try area.image())
        #expect(image.header == completion.header && image.machine == completion.machine)
        #expect(image.machine.system == Sample.machine.system)
        #expect(image.machine.memoryMap == Sample.memoryMap)
        #expect(image.machine.invariants == Sample.machine.invariants)
        #expect(image.machine.jump.jumpBackEntry == Sample.jumpBackEntry)
        #expect(image.machine.jump.messagePage == Sample.machine.jump.messagePage)
        #expect(image.machine.jump.pagingDepth == .five)
        #expect(image.runs == Sample.runs)
        #expect(image.chunks.map(\.firstPage) == [0, 3, 7])
        #expect(image.chunks.map(\.isRaw) == [true, false, true])
        #expect(image.state == .ready)
        #expect(image.header.id == Sample.id && image.header.creationTime == 1_750_000_000)
        #expect(image.header.originalSignature == .swap)
        #expect(image.header.dataPages == 9 && image.header.zeroPages == 105)
    }

    /// The bytes that docs/image-format.md promises, in places where reader and writer might
    /// agree on something else.
    @Test func bytesAreAsDocumented() throws {
        let area = try Sample.area()
        let word = { (offset: Int, count: Int) in
            let bytes = area.bytes[offset..<offset + count]
            return bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        #expect(area.bytes[4086..<4096].elementsEqual("LINHIB0001".utf8))
        #expect(area.bytes[4096..<4104].elementsEqual("kresume\n".utf8))
        #expect(word(4096 + 8, 4) == 1 && word(4096 + 12, 4) == 128)
        #expect(Array(area.bytes[4096 + 32..<4096 + 48]) == Array(0...15))
        #expect(area.bytes[4096 + 56..<4096 + 66].elementsEqual("SWAPSPACE2".utf8))
        #expect(word(4096 + 68, 4) == 6 && word(4096 + 72, 8) == 9 && word(4096 + 80, 8) == 105)
        // 12 pages before the tables' three.
        #expect(word(4096 + 88, 8) == 3 && word(4096 + 96, 8) == UInt64(3 + 4 + 7 + 3) * 4096)
        #expect(word(4096 + 128, 4) == 1 && word(4096 + 132, 4) == 1)
        #expect(word(4096 + 136, 8) == 12288)
        #expect(word(4096 + 4088, 8) == XXH64.hash(area.bytes[4096..<4096 + 4088]))
        #expect(area.bytes[8192..<8200].elementsEqual("kr-state".utf8))
        #expect(Array(area.bytes[8200..<8216]) == Array(0...15) && word(8216, 4) == 2)
        #expect(word(8192 + 32, 8) == XXH64.hash(area.bytes[8192..<8192 + 32]))
        #expect(area.bytes[12288..<12298].elementsEqual([8, 0] + Array("6.12.117".utf8)))

        let jump = try area.sectionOffset(.jump)
        #expect(word(jump, 8) == 0x70_0400 && word(jump + 8, 8) == 0x400)
        #expect(word(jump + 16, 8) == 0x500 && word(jump + 32, 8) == 0x9f)
        #expect(word(jump + 40, 8) == 0x11_0000 && word(jump + 48, 4) == 5)
        let runs = try area.sectionOffset(.runs)
        #expect(word(runs + 16, 8) == 0x103 && word(runs + 24, 4) == 5 && word(runs + 28, 4) == 1)
        let chunks = try area.sectionOffset(.chunks)
        #expect(word(chunks, 8) == 9 * 4096 && word(chunks + 8, 4) == 12288)
        #expect(word(chunks + 12, 4) == 3)
        #expect(
            word(chunks + 16, 8) == XXH64.hash(area.bytes[9 * 4096..<9 * 4096 + 12288]))
    }

    /// Wherever a save is cut short, there is no image.
    @Test func noImageBeforeTheSignature() throws {
        var area = Sample.swapArea
        #expect(try area.image() == nil)
        let prepared = try Sample.prepare(&area)
        #expect(try area.image() == nil)
        let completion = try Sample.complete(&area)
        #expect(try area.image() == nil)
        area.write(completion.signature)
        #expect(try area.image() != nil)
        #expect(prepared.header.imageSize == prepared.firstFreeOffset)
    }

    @Test func saverFindsWhatWasPrepared() throws {
        var area = Sample.swapArea
        let written = try Sample.prepare(&area)
        let read = try PreparedImage(reading: Sample.id, areaSize: area.size, readAt: area.read)
        #expect(read.header == written.header && read.machine == written.machine)
        #expect(read.signaturePage == written.signaturePage && read.writes.isEmpty)
        let record = try StateRecord(
            parsing: area.read(StateRecord.offset, StateRecord.size))
        #expect(record == StateRecord(id: Sample.id, state: .prepared))
    }

    @Test func resumingIsReadAndConsumedIsNot() throws {
        var area = try Sample.area()
        area.write(StateRecord(id: Sample.id, state: .resuming).write)
        #expect(try area.image()?.state == .resuming)
        area.write(StateRecord(id: Sample.id, state: .consumed).write)
        #expect(area.complaint == .wrongState(found: .consumed))
        let front = try ImageFront.read(areaSize: area.size, readAt: area.read)
        #expect(front?.state == .consumed && front?.header.id == Sample.id)
    }

    /// After a circle the area is what it was, but for what lies behind the erased pages.
    @Test func theAreaBecomesSwapAgain() throws {
        var area = try Sample.area()
        let front = try #require(try ImageFront.read(areaSize: area.size, readAt: area.read))
        area.write(front.signaturePage.withSignature(front.header.originalSignature).write)
        area.write(ImageHeader.erasure)
        #expect(area.bytes.prefix(12288) == Sample.swapArea.bytes.prefix(12288))
        #expect(try area.image() == nil)
    }

    @Test func aDeviceErrorIsNotTheImages() throws {
        struct Broken: ExplainedError, Equatable {
            var explanation: String { "broken" }
        }
        let area = try Sample.area()
        for failing in [0, 1, 5] {
            var reads = 0
            do {
                _ = try HibernationImage.read(areaSize: area.size) {
                    (offset, count) throws(Broken) in
                    defer { reads += 1 }
                    if reads == failing { throw Broken() }
                    return area.read(offset, count)
                }
                Issue.record("read a broken device")
            } catch {
                guard case .device(Broken()) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
    }

    @Test func aShortReadIsNoticed() throws {
        let area = try Sample.area()
        do {
            _ = try HibernationImage.read(areaSize: area.size) { offset, count in
                let bytes = area.read(offset, count)
                return offset >= 12288 ? bytes.dropLast() : bytes
            }
            Issue.record("took a short read")
        } catch ImageReadError<Never>.image(let error) {
            #expect(error == .truncated(offset: 12288, needed: 4096, available: 4095))
        }
    }

    @Test func chunksAreChecked() throws {
        let area = try Sample.area()
        let image = try #require(try area.image())
        for (index, chunk) in image.chunks.enumerated() {
            var stored = area.read(chunk.offset, Int(chunk.size))
            try stored.withUnsafeBytes { try chunk.check($0, index: index) }
            stored[17] ^= 4
            let found = XXH64.hash(stored)
            #expect(
                throws: ImageError.checksum(
                    .chunk(index), offset: chunk.offset, expected: chunk.checksum, found: found)
            ) { try stored.withUnsafeBytes { try chunk.check($0, index: index) } }
            #expect(
                throws: ImageError.truncated(
                    offset: chunk.offset, needed: stored.count, available: stored.count - 1)
            ) {
                try stored.dropLast().withUnsafeBytes { try chunk.check($0, index: index) }
            }
        }
    }
}
