// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import PhysicalMemory
import SwapArea
import Testing

@testable import KresumeImage

/// One way to spoil the sample image, and what the reader must say of it.
struct Damage: Sendable, CustomTestStringConvertible {
    var name: String
    var expected: ImageError
    var apply: @Sendable (inout ImageArea) throws -> Void

    init(
        _ name: String, _ expected: ImageError,
        _ apply: @escaping @Sendable (inout ImageArea) throws -> Void
    ) {
        self.name = name
        self.expected = expected
        self.apply = apply
    }

    var testDescription: String { name }
}

// Where things lie in the sample, in pages: 3 system, 4 memory map, 5 invariants, 6 jump while
// prepared, 7 chunk 2, 9 chunk 0, 12 chunk 1, 14 jump, 15 runs, 16 chunks, 17 end.
private let pages: UInt64 = 4096
private let end = 17 * pages

private let frontDamage = [
    Damage("header magic", .magic(.header, offset: 4096, found: 0x0a65_6d75_7365_7200)) {
        $0.put([0], at: 4096)
    },
    Damage("version", .version(2)) { $0.patchHeader(UInt32(2), at: 8) },
    Damage("incompatible feature", .incompatibleFeatures(unknown: 1 << 63)) {
        $0.patchHeader(UInt64(1) << 63, at: 16)
    },
    Damage("header size below the fixed fields", .headerSize(120)) {
        $0.patchHeader(UInt32(120), at: 12)
    },
    Damage("header size unaligned", .headerSize(132)) { $0.patchHeader(UInt32(132), at: 12) },
    Damage("header size beyond the page", .headerSize(0xffff_fff8)) {
        $0.patchHeader(UInt32(0xffff_fff8), at: 12)
    },
    Damage("section table beyond the page", .headerSize(3904)) {
        $0.patchHeader(UInt32(3904), at: 12)
    },
    Damage("too many sections", .tooManySections(65)) { $0.patchHeader(UInt32(65), at: 68) },
    Damage("absurdly many sections", .tooManySections(0xffff_ffff)) {
        $0.patchHeader(UInt32.max, at: 68)
    },
    Damage("state magic", .magic(.state, offset: 8192, found: 0x6574_6174_732d_7200)) {
        $0.put([0], at: 8192)
    },
    Damage("state 0", .unknownState(0)) { $0.patchState(UInt32(0), at: 24) },
    Damage("state 5", .unknownState(5)) { $0.patchState(UInt32(5), at: 24) },
    Damage("prepared", .wrongState(found: .prepared)) { $0.patchState(UInt32(1), at: 24) },
    Damage("consumed", .wrongState(found: .consumed)) { $0.patchState(UInt32(4), at: 24) },
    Damage(
        "state of another image",
        .differentIDs(header: Sample.id, state: ImageID(low: 0, high: Sample.id.high))
    ) { $0.patchState(UInt64(0), at: 8) },
    Damage("image size 0", .imageSize(0, areaSize: 48 * pages)) {
        $0.patchHeader(UInt64(0), at: 96)
    },
    Damage("image size unaligned", .imageSize(end + 1, areaSize: 48 * pages)) {
        $0.patchHeader(end + 1, at: 96)
    },
    Damage("image beyond the area", .imageSize(49 * pages, areaSize: 48 * pages)) {
        $0.patchHeader(49 * pages, at: 96)
    },
    Damage("truncated area", .imageSize(end, areaSize: 16 * pages)) {
        $0.bytes.removeLast(32 * 4096)
    },
    Damage("image beyond the swap area", .imageSize(end, areaSize: 16 * pages)) {
        $0.put(UInt32(15), at: 1028)
    },
    Damage("area of the signature alone", .imageSize(3 * pages, areaSize: pages)) {
        $0.bytes.removeLast(47 * 4096)
    },
    Damage("absurdly many data pages", .tooManyPages(1 << 63)) {
        $0.patchHeader(UInt64(1) << 63, at: 72)
    },
    Damage("absurdly many zero pages", .tooManyPages(.max)) {
        $0.patchHeader(UInt64.max, at: 80)
    },
]

private func editSection(
    _ kind: SectionKind, _ edit: @escaping @Sendable (inout ImageSection) -> Void
) -> @Sendable (inout ImageArea) throws -> Void {
    { area in
        try area.editHeader { header in
            let index = header.sections.firstIndex { $0.kind == kind }!
            edit(&header.sections[index])
        }
    }
}

private let stranger = SectionKind(rawValue: 77)

private let sectionDamage = [
    Damage("unknown flag", .sectionFlags(.system, 3)) { $0.patchHeader(UInt32(3), at: 132) },
    Damage("known section not required", .sectionFlags(.jump, 0)) { area in
        try area.editHeader { header in
            header.sections[header.sections.firstIndex { $0.kind == .jump }!].isRequired = false
        }
    },
    Damage("section required that need not be there", .sectionFlags(.fileSystems, 1)) {
        try $0.editHeader { header in
            header.sections.append(
                ImageSection(
                    kind: .fileSystems, isRequired: true, offset: 12288, size: 0, checksum: 0))
        }
    },
    Damage("unknown required section", .unknownSection(stranger)) {
        try $0.editHeader { header in
            header.sections.append(
                ImageSection(
                    kind: stranger, isRequired: true, offset: 12288, size: 0, checksum: 0))
        }
    },
    Damage("duplicate section", .duplicateSection(.runs)) {
        try $0.editHeader { $0.sections.append($0.sections.first { $0.kind == .runs }!) }
    },
    Damage("missing section", .missingSection(.runs)) {
        try $0.editHeader { $0.sections.removeAll { $0.kind == .runs } }
    },
    Damage("section unaligned", .misaligned(.section(.runs), offset: 15 * pages + 512)) {
        try editSection(.runs) { $0.offset += 512 }(&$0)
    },
    Damage(
        "section on the state record",
        .outsideImage(.section(.runs), offset: 8192, size: 80, imageSize: end)
    ) { try editSection(.runs) { $0.offset = 8192 }(&$0) },
    Damage(
        "section beyond the image",
        .outsideImage(.section(.runs), offset: end, size: 80, imageSize: end)
    ) { try editSection(.runs) { $0.offset = 17 * 4096 }(&$0) },
    Damage(
        "section reaching beyond the image",
        .outsideImage(.section(.runs), offset: 15 * pages, size: 8193, imageSize: end)
    ) { try editSection(.runs) { $0.size = 8193 }(&$0) },
    Damage(
        "section whose end overflows",
        .outsideImage(
            .section(.chunks), offset: .max - 4095, size: 72, imageSize: end)
    ) { try editSection(.chunks) { $0.offset = .max - 4095 }(&$0) },
    Damage("absurd section size", .sectionSize(.runs, .max, limit: 1 << 28)) {
        try editSection(.runs) { $0.size = .max }(&$0)
    },
    Damage("big small section", .sectionSize(.jump, (1 << 20) + 1, limit: 1 << 20)) {
        try editSection(.jump) { $0.size = (1 << 20) + 1 }(&$0)
    },
    Damage("sections overlap", .overlap(offset: 15 * pages, previousEnd: 16 * pages)) {
        try $0.editHeader { header in
            header.sections.append(
                ImageSection(
                    kind: stranger, isRequired: false, offset: 15 * 4096, size: 1, checksum: 0))
        }
    },
    Damage("section on a chunk", .overlap(offset: 10 * pages, previousEnd: 12 * pages)) {
        try $0.editHeader { header in
            header.sections.append(
                ImageSection(
                    kind: stranger, isRequired: false, offset: 10 * 4096, size: 1, checksum: 0))
        }
    },
]

/// Shortens or lengthens a section and seals it.
private func resize(
    _ kind: SectionKind, by difference: Int
) -> @Sendable (inout ImageArea) throws -> Void {
    { area in
        try editSection(kind) { $0.size = UInt64(Int($0.size) + difference) }(&area)
        try area.sealSections()
    }
}

private let contentDamage = [
    Damage("text beyond its section", .truncated(offset: 12290, needed: 0xffff, available: 47)) {
        try $0.patchSection(.system, UInt16.max, at: 0)
    },
    Damage("text not UTF-8", .text(.system, offset: 12288)) {
        try $0.patchSection(.system, UInt8(0xff), at: 2)
    },
    Damage("escape sequence in text", .text(.system, offset: 12288)) {
        try $0.patchSection(.system, UInt8(0x1b), at: 3)
    },
    Damage("memory range backwards", .emptyMemoryRange(offset: 4 * pages + 24)) {
        try $0.patchSection(.memoryMap, UInt64(0x9fc00), at: 24 + 8)
    },
    Damage(
        "memory map cut", .truncated(offset: 4 * pages + 68, needed: 4, available: 3),
        resize(.memoryMap, by: -1)),
    Damage("invariant without a space", .text(.invariants, offset: 5 * pages)) {
        try $0.patchSection(.invariants, UInt8(0x2d), at: 19)
    },
    Damage("invariant's category", .text(.invariants, offset: 5 * pages)) {
        try $0.patchSection(.invariants, UInt8(0x49), at: 0)
    },
    Damage("invariants out of order", .unsortedInvariant(offset: 5 * pages + 50)) {
        try $0.patchSection(.invariants, UInt8(0x31), at: 50 + 13)
    },
    Damage(
        "invariants without the last line feed", .text(.invariants, offset: 5 * pages + 50),
        resize(.invariants, by: -1)),
    Damage("paging levels", .pagingLevels(3)) {
        try $0.patchSection(.jump, UInt32(3), at: 48)
    },
    Damage(
        "region backwards", .frameRange(offset: 14 * pages + 8, lower: 0x501, upper: 0x500)
    ) { try $0.patchSection(.jump, UInt64(0x501), at: 8) },
    Damage(
        "region beyond all frames",
        .frameRange(offset: 14 * pages + 8, lower: 0x400, upper: .max)
    ) { try $0.patchSection(.jump, UInt64.max, at: 16) },
    Damage("region empty", .saverRegion(Sample.frames(0x500..<0x500))) {
        try $0.patchSection(.jump, UInt64(0x500), at: 8)
    },
    Damage("region outside RAM", .saverRegion(Sample.frames(0x400..<0x801))) {
        try $0.patchSection(.jump, UInt64(0x801), at: 16)
    },
    Damage(
        "jump record too long", .trailingBytes(.jump, offset: 14 * pages + 56),
        resize(.jump, by: 1)),
    Damage("no jump-back entry", .jumpBackEntry(PhysicalAddress(0))) {
        try $0.patchSection(.jump, UInt64(0), at: 0)
    },
    Damage("jump-back entry in a zero run", .jumpBackEntry(PhysicalAddress(0x10_3000))) {
        try $0.patchSection(.jump, UInt64(0x10_3000), at: 0)
    },
    Damage("jump-back entry in no run", .jumpBackEntry(PhysicalAddress(0x70_4000))) {
        try $0.patchSection(.jump, UInt64(0x70_4000), at: 0)
    },
    Damage("absurd jump-back entry", .jumpBackEntry(PhysicalAddress(.max))) {
        try $0.patchSection(.jump, UInt64.max, at: 0)
    },
    Damage("message page unaligned", .messagePage(PhysicalAddress(0x11_0008))) {
        try $0.patchSection(.jump, UInt64(0x11_0008), at: 40)
    },
    Damage("message page outside RAM", .messagePage(PhysicalAddress(0x80_0000))) {
        try $0.patchSection(.jump, UInt64(0x80_0000), at: 40)
    },
    Damage("message page in the region", .messagePage(PhysicalAddress(0x40_0000))) {
        try $0.patchSection(.jump, UInt64(0x40_0000), at: 40)
    },
    Damage("message page in no run", .messagePage(PhysicalAddress(0x10_8000))) {
        try $0.patchSection(.jump, UInt64(0x10_8000), at: 40)
    },
]

private let runs = Sample.runs

private let tableDamage = [
    Damage("run of another kind", .runKind(offset: 15 * pages + 12, found: 3)) {
        try $0.patchSection(.runs, UInt32(3), at: 12)
    },
    Damage("empty run", .emptyRun(Sample.run(0x100, 0))) {
        try $0.patchSection(.runs, UInt32(0), at: 8)
    },
    Damage("run beyond all frames", .runBeyondLimit(Sample.run(.max, 4))) {
        try $0.patchSection(.runs, UInt64.max, at: 64)
    },
    Damage("run reaching beyond all frames", .runBeyondLimit(Sample.run((1 << 40) - 3, 4))) {
        try $0.patchSection(.runs, UInt64((1 << 40) - 3), at: 64)
    },
    Damage(
        "overlapping runs", .overlappingRun(Sample.run(0x102, 5, .zero), previous: runs[0])
    ) { try $0.patchSection(.runs, UInt64(0x102), at: 16) },
    Damage("runs out of order", .overlappingRun(Sample.run(0x100, 2), previous: runs[1])) {
        try $0.patchSection(.runs, UInt64(0x100), at: 32)
    },
    Damage("run outside RAM", .runOutsideMemory(Sample.run(0x7fd, 4))) {
        try $0.patchSection(.runs, UInt64(0x7fd), at: 64)
    },
    Damage("run in reserved memory", .runOutsideMemory(Sample.run(0xa0, 3))) {
        try $0.patchSection(.runs, UInt64(0xa0), at: 0)
    },
    Damage("run in the saver's region", .runInSaverMemory(Sample.run(0x4ff, 100, .zero))) {
        try $0.patchSection(.runs, UInt64(0x4ff), at: 48)
    },
    Damage("run in the saver's low memory", .runInSaverMemory(Sample.run(0x9c, 3))) {
        try $0.patchSection(.runs, UInt64(0x9c), at: 0)
    },
    Damage("fewer data pages in the runs", .dataPages(header: 9, runs: 8, chunks: 9)) {
        try $0.patchSection(.runs, UInt32(2), at: 8)
    },
    Damage("fewer data pages in the chunks", .dataPages(header: 9, runs: 9, chunks: 8)) {
        try $0.patchSection(.chunks, UInt32(3), at: 24 + 12)
    },
    Damage("fewer data pages in the header", .dataPages(header: 8, runs: 9, chunks: 9)) {
        $0.patchHeader(UInt64(8), at: 72)
    },
    Damage("other zero pages in the header", .zeroPages(header: 106, runs: 105)) {
        $0.patchHeader(UInt64(106), at: 80)
    },
    Damage("other chunk count in the header", .chunkCount(header: 4, chunks: 3)) {
        $0.patchHeader(UInt64(4), at: 88)
    },
    Damage(
        "runs cut", .truncated(offset: 15 * pages + 76, needed: 4, available: 3),
        resize(.runs, by: -1)),
    Damage(
        "chunks cut", .truncated(offset: 16 * pages + 64, needed: 8, available: 7),
        resize(.chunks, by: -1)),
    Damage("chunk without pages", .chunkPages(0, 0)) {
        try $0.patchSection(.chunks, UInt32(0), at: 12)
    },
    Damage("chunk of too many pages", .chunkPages(1, 257)) {
        try $0.patchSection(.chunks, UInt32(257), at: 24 + 12)
    },
    Damage("chunk of no bytes", .chunkSize(0, 0, pages: 3)) {
        try $0.patchSection(.chunks, UInt32(0), at: 8)
    },
    Damage("chunk larger than its pages", .chunkSize(0, 12289, pages: 3)) {
        try $0.patchSection(.chunks, UInt32(12289), at: 8)
    },
    Damage("chunk unaligned", .misaligned(.chunk(0), offset: 9 * pages + 1)) {
        try $0.patchSection(.chunks, UInt64(9 * 4096 + 1), at: 0)
    },
    Damage(
        "chunk on the header", .outsideImage(.chunk(0), offset: 4096, size: 12288, imageSize: end)
    ) { try $0.patchSection(.chunks, UInt64(4096), at: 0) },
    Damage(
        "chunk beyond the image",
        .outsideImage(.chunk(0), offset: 15 * pages, size: 12288, imageSize: end)
    ) { try $0.patchSection(.chunks, UInt64(15 * 4096), at: 0) },
    Damage(
        "chunk whose end overflows",
        .outsideImage(.chunk(0), offset: .max - 4095, size: 12288, imageSize: end)
    ) { try $0.patchSection(.chunks, UInt64.max - 4095, at: 0) },
    Damage("chunks overlap", .overlap(offset: 12 * pages, previousEnd: 13 * pages)) {
        try $0.patchSection(.chunks, UInt64(10 * 4096), at: 0)
    },
    Damage("chunk on a section", .overlap(offset: 14 * pages, previousEnd: 15 * pages)) {
        try $0.patchSection(.chunks, UInt64(12 * 4096), at: 0)
        try $0.patchSection(.chunks, UInt64(9 * 4096), at: 24)
    },
]

@Suite struct BadImageTests {
    @Test(arguments: frontDamage + sectionDamage + contentDamage + tableDamage)
    func isRefused(damage: Damage) throws {
        var area = try Sample.area()
        try damage.apply(&area)
        #expect(area.complaint == damage.expected)
    }

    /// One flipped bit in each part, and nothing done about the checksum.
    @Test(
        arguments: [
            (4096 + 50, .header), (4096 + 4000, .header), (8192 + 9, .state),
            (12288, .section(.system)),
            (4 * 4096 + 71, .section(.memoryMap)), (5 * 4096 + 3, .section(.invariants)),
            (14 * 4096 + 9, .section(.jump)), (15 * 4096 + 70, .section(.runs)),
            (16 * 4096 + 2, .section(.chunks)),
        ] as [(Int, ImagePart)])
    func checksums(position: Int, part: ImagePart) throws {
        var area = try Sample.area()
        area.bytes[position] ^= 0x20
        guard case .checksum(part, let offset, let expected, let found) = area.complaint else {
            Issue.record("\(String(describing: area.complaint))")
            return
        }
        #expect(offset == UInt64(position / 4096 * 4096) && expected != found)
    }

    @Test func whatIsNotOursIsNoImage() throws {
        for signature in [Signature.swap, .oldSwap, .swsusp1, .uswsusp, Signature([])] {
            var area = try Sample.area()
            area.write(SignaturePage(area.read(0, 4096)).withSignature(signature).write)
            #expect(try area.image() == nil)
        }
        #expect(try ImageArea(pages: 0).image() == nil)
        #expect(try ImageArea(pages: 1).image() == nil)
    }

    /// What a later writer may add is passed over.
    @Test func compatibleAdditionsAreAccepted() throws {
        var area = try Sample.area()
        let before = try #require(try area.image())
        try area.editHeader { header in
            header.compatibleFeatures = 1 << 40
            header.imageSize += 4096
            header.sections.append(
                ImageSection(
                    kind: stranger, isRequired: false, offset: 17 * 4096, size: 9, checksum: 3))
        }
        try resize(.system, by: 10)(&area)
        let after = try #require(try area.image())
        #expect(after.header.compatibleFeatures == 1 << 40)
        #expect(after.header.sections.count == 7)
        #expect(after.machine == before.machine && after.chunks == before.chunks)
    }

    /// What looks like a swap header is none where there was no swap.
    @Test func onlySwapHasALastPage() throws {
        var area = try Sample.area()
        area.put(UInt32(15), at: 1028)
        try area.editHeader { $0.originalSignature = Signature([1, 2, 3]) }
        #expect(try area.image() != nil)
    }

    @Test func aLongerHeaderIsAccepted() throws {
        var area = try Sample.area()
        let image = try #require(try area.image())
        let table = area.read(4096 + 128, 6 * 32)
        area.put([UInt8](repeating: 0xaa, count: 64), at: 4096 + 128)
        area.put(table, at: 4096 + 192)
        area.patchHeader(UInt32(192), at: 12)
        #expect(try area.image() == image)
    }
}
