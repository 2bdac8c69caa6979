// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import SwapArea
import TestSupport
import Testing

@testable import KresumeImage

@Suite struct ByteReaderTests {
    @Test func integersAreLittleEndian() throws {
        var reader = ByteReader<ImageError>(
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], at: 100)
        #expect(try reader.u16() == 0x0201)
        #expect(try reader.u32() == 0x0605_0403)
        #expect(try reader.u64() == 0x0e0d_0c0b_0a09_0807)
        #expect(reader.offset == 114 && reader.remaining == 0)
    }

    @Test func anErrorDoesNotAdvance() throws {
        var reader = ByteReader<ImageError>([1, 2, 3], at: 100)
        try reader.skip(1)
        let truncated = { ImageError.truncated(offset: 101, needed: $0, available: 2) }
        #expect(throws: truncated(4)) { try reader.u32() }
        #expect(throws: truncated(8)) { try reader.u64() }
        #expect(throws: truncated(3)) { try reader.bytes(3) }
        #expect(throws: truncated(.max)) { try reader.skip(.max) }
        #expect(throws: truncated(-1)) { try reader.bytes(-1) }
        #expect(try reader.u16() == 0x0302)
    }
}

@Suite struct SignaturePageTests {
    @Test(
        arguments: [
            ("LINHIB0001", .image), ("SWAPSPACE2", .swap), ("SWAP-SPACE", .oldSwap),
            ("S1SUSPEND\0", .swsusp), ("S2SUSPEND\0", .swsusp), ("ULSUSPEND\0", .uswsusp),
            ("\0\0\0\0\0\0\0\0\0\0", .unknown), ("S1SUSPENDX", .unknown), ("LINHIB0002", .unknown),
        ] as [(String, SignaturePage.Kind)])
    func kinds(signature: String, kind: SignaturePage.Kind) throws {
        var area = Sample.swapArea
        area.put(Array(signature.utf8), at: 4086)
        let page = SignaturePage(area.read(0, 4096))
        #expect(page.kind == kind)
        #expect(page.swapAreaPages == (kind == .unknown || kind == .oldSwap ? nil : 48))
        // TuxOnIce marks the beginning and leaves the signature.
        area.put([0xed, 0xc3, 0x02, 0xe9, 0x98, 0x56, 0xe5, 0x0c], at: 0)
        let marked = SignaturePage(area.read(0, 4096))
        #expect(marked.kind == (kind == .image ? .image : .tuxOnIce))
    }

    @Test func onlyTheSignatureIsReplaced() throws {
        let before = SignaturePage(Sample.swapArea.read(0, 4096))
        let after = before.withSignature(.image)
        #expect(after.kind == .image && after.swapAreaPages == 48)
        #expect(after.bytes.prefix(4086) == before.bytes.prefix(4086))
        #expect(after.withSignature(before.signature) == before)
    }

    @Test func swapHeader() throws {
        var area = Sample.swapArea
        area.put(UInt32.max, at: 1028)
        area.put(UInt32(3), at: 1032)
        #expect(SignaturePage(area.read(0, 4096)).swapAreaPages == 1 << 32)
        #expect(SignaturePage(area.read(0, 4096)).badPages == 3)
        area.put(UInt32(2), at: 1024)
        #expect(SignaturePage(area.read(0, 4096)).swapAreaPages == nil)
    }
}

@Suite struct ImageIDTests {
    @Test func text() throws {
        let id = try #require(ImageID("00112233445566778899AABBccddeeff"))
        #expect(id.description == "00112233445566778899aabbccddeeff")
        #expect(id.low == 0x7766_5544_3322_1100)
        let random = ImageID.random()
        #expect(ImageID(random.description) == random && random != .random())
    }

    @Test(arguments: [
        "", "00112233445566778899aabbccddeef", "00112233445566778899aabbccddeeff0",
        "+0112233445566778899aabbccddeeff", "0011223344556677-899aabbccddeeff",
        "00112233445566778899aabbccddeefg", "é0112233445566778899aabbccddeef",
        "001122334455667é899aabbccddeeff",
    ])
    func badText(text: String) { #expect(ImageID(text) == nil) }
}

@Suite struct StateRecordTests {
    @Test(arguments: [ImageState.prepared, .ready, .resuming, .consumed])
    func roundTrip(state: ImageState) throws {
        let record = StateRecord(id: Sample.id, state: state)
        #expect(record.write.offset == 8192 && record.write.bytes.count == 4096)
        #expect(try StateRecord(parsing: record.write.bytes) == record)
        let counted = StateRecord(id: Sample.id, state: state, mapRetries: 0x0102_0304)
        #expect(Array(counted.write.bytes[28..<32]) == [4, 3, 2, 1])
        #expect(try StateRecord(parsing: counted.write.bytes) == counted)
        // A sector of it is enough.
        #expect(try StateRecord(parsing: Array(record.write.bytes.prefix(512))) == record)
        #expect(throws: ImageError.truncated(offset: 8224, needed: 8, available: 7)) {
            try StateRecord(parsing: Array(record.write.bytes.prefix(39)))
        }
    }
}

@Suite struct InvariantsTests {
    private let image = Invariants([
        .init("pci", "a"), .init("pci", "b"), .init("facs", "0x1"), .init("efi", "x"),
    ])

    @Test func noDifference() {
        #expect(image.differences(from: Invariants(image.facts.reversed())).isEmpty)
    }

    @Test func orderAndRepetitionDoNotMatter() {
        #expect(Invariants([.init("b", "1"), .init("a", "2"), .init("b", "1")]).facts.count == 2)
        #expect(Invariants(image.facts + image.facts) == image)
    }

    @Test func differencesByCategory() throws {
        let here = Invariants([
            .init("pci", "a"), .init("pci", "c"), .init("facs", "0x1"), .init("iommu", "on"),
        ])
        let differences = image.differences(from: here)
        #expect(differences.map(\.category) == ["efi", "iommu", "pci"])
        #expect(differences.map(\.onlyInImage) == [["x"], [], ["b"]])
        #expect(differences.map(\.onlyHere) == [[], ["on"], ["c"]])
    }

    @Test func values() throws {
        let facts = Invariants([.init("a-1", " two  spaces "), .init("b", "ü")])
        let bytes = try facts.serialised()
        #expect(bytes == Array("a-1  two  spaces \nb ü\n".utf8))
        var reader = ByteReader<ImageError>(bytes, at: 0)
        #expect(try Invariants(parsing: &reader) == facts)
    }

    @Test(arguments: [
        ("", "v"), ("A", "v"), ("a_b", "v"), ("a", ""), ("a", "x\u{7f}y"), ("a", "\u{1b}[2J"),
        (String(repeating: "a", count: 33), "v"), ("a", String(repeating: "v", count: 1025)),
    ])
    func badFacts(category: String, value: String) {
        #expect(throws: ImageError.text(.invariants, offset: 0)) {
            try Invariants([.init(category, value)]).serialised()
        }
        var reader = ByteReader<ImageError>(Array("\(category) \(value)\n".utf8), at: 7)
        #expect(throws: ImageError.text(.invariants, offset: 7)) {
            try Invariants(parsing: &reader)
        }
    }

    @Test func aLineFeedIsNoValue() {
        #expect(throws: ImageError.text(.invariants, offset: 4)) {
            try Invariants([.init("a", "v"), .init("b", "x\ny")]).serialised()
        }
    }
}

@Suite struct BigImageTests {
    /// A machine with 300 000 runs and 20 000 chunks is written and read in linear time: this
    /// does not measure it, but would not end if it were quadratic.
    @Test(.timeLimit(.minutes(2))) func manyRuns() throws {
        var machine = Sample.machine
        machine.memoryMap.entries.append(
            .init(PhysicalRange(PhysicalAddress(1 << 32), PhysicalAddress(1 << 40)), .ram))
        let runs = (0..<300_000 as Range<UInt64>).map {
            Sample.run((1 << 20) + $0 * 8, 4, $0 % 2 == 0 ? .data : .zero)
        }
        machine.jump.messagePage = nil
        var area = Sample.swapArea
        area.put(UInt32.max, at: 1028)
        let prepared = try PreparedImage(
            id: Sample.id, creationTime: 0, signaturePage: SignaturePage(area.read(0, 4096)),
            machine: machine, areaSize: 1 << 40)
        let chunks = (0..<20_000 as Range<UInt64>).map {
            Chunk(
                offset: prepared.firstFreeOffset + $0 * 4096 * 30, size: 30 * 4096,
                firstPage: $0 * 30, pageCount: 30, checksum: 0)
        }
        let completion = try prepared.completed(
            jumpBackEntry: PhysicalAddress(1 << 32), runs: runs, chunks: chunks,
            dataEnd: prepared.firstFreeOffset + 20_000 * 30 * 4096, areaSize: 1 << 40)
        var pages: [UInt64: ImageWrite] = [0: completion.signature]
        for write in prepared.writes { pages[write.offset] = write }
        completion.forEachWrite { pages[$0.offset] = $0 }
        let image = try HibernationImage.read(areaSize: 1 << 40) { offset, count in
            // Header and state are read at once and written apart, and a table in pieces.
            var bytes: [UInt8] = []
            while bytes.count < count { bytes += pages[offset + UInt64(bytes.count)]!.bytes }
            return bytes
        }
        #expect(image?.header == completion.header && image?.runs == runs)
        #expect(image?.chunks == chunks)
        let sections = completion.header.sections.filter { $0.kind == .runs || $0.kind == .chunks }
        #expect(sections.map(\.size) == [300_000 * 16, 20_000 * 24])
        #expect(runs.dataPageCount == chunks.last?.pages.upperBound)
    }
}
