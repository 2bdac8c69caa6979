// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Checksum
import PhysicalMemory
import SwapArea

@testable import KresumeImage

/// A device that is an array.
struct ImageArea: Hashable {
    var bytes: [UInt8]

    init(pages: Int) { bytes = [UInt8](repeating: 0, count: pages * 4096) }

    var size: UInt64 { UInt64(bytes.count) }

    func read(_ offset: UInt64, _ count: Int) -> [UInt8] {
        Array(bytes[Int(offset)..<Int(offset) + count])
    }

    mutating func write(_ write: ImageWrite) { put(write.bytes, at: Int(write.offset)) }

    mutating func put(_ new: [UInt8], at offset: Int) {
        bytes.replaceSubrange(offset..<offset + new.count, with: new)
    }

    mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) { put(Array($0), at: offset) }
    }

    func image() throws(ImageError) -> HibernationImage? {
        do { return try HibernationImage.read(areaSize: size, readAt: read) } catch {
            switch error {
            case .image(let error): throw error
            }
        }
    }

    /// What a reader says of it, or nil if it finds an image or none.
    var complaint: ImageError? {
        do { _ = try image() } catch { return error }
        return nil
    }

    // Damage that its checksum agrees with.

    mutating func patchHeader(_ value: some FixedWidthInteger, at position: Int) {
        put(value, at: 4096 + position)
        sealHeader()
    }

    mutating func patchState(_ value: some FixedWidthInteger, at position: Int) {
        put(value, at: 8192 + position)
        put(XXH64.hash(Array(bytes[8192..<8192 + 32])), at: 8192 + 32)
    }

    mutating func editHeader(_ edit: (inout ImageHeader) -> Void) throws {
        var header = try ImageHeader(parsing: read(4096, 4096))
        edit(&header)
        write(try header.write())
    }

    mutating func patchSection(
        _ kind: SectionKind, _ value: some FixedWidthInteger, at position: Int
    ) throws {
        put(value, at: try sectionOffset(kind) + position)
        try sealSections()
    }

    func sectionOffset(_ kind: SectionKind) throws -> Int {
        let header = try ImageHeader(parsing: read(4096, 4096))
        return Int(header.sections.first { $0.kind == kind }!.offset)
    }

    mutating func sealHeader() {
        put(XXH64.hash(Array(bytes[4096..<4096 + 4088])), at: 4096 + 4088)
    }

    /// Of those that lie in the area.
    mutating func sealSections() throws {
        let bytes = bytes
        try editHeader { header in
            for index in header.sections.indices {
                let section = header.sections[index]
                guard section.offset <= bytes.count, section.size <= UInt64(bytes.count),
                    Int(section.offset + section.size) <= bytes.count
                else { continue }
                let body = bytes[Int(section.offset)..<Int(section.offset + section.size)]
                header.sections[index].checksum = XXH64.hash(body)
            }
        }
    }
}

/// A small machine and the image of it.
enum Sample {
    static let id = ImageID("000102030405060708090a0b0c0d0e0f")!

    static let memoryMap = MemoryMap([
        .init(PhysicalRange(PhysicalAddress(0), PhysicalAddress(0x9fc00)), .ram),
        .init(PhysicalRange(PhysicalAddress(0x9fc00), PhysicalAddress(0x10_0000)), .reserved),
        .init(PhysicalRange(PhysicalAddress(0x10_0000), PhysicalAddress(0x80_0000)), .ram),
    ])

    static let machine = MachineRecord(
        system: SystemDescription(
            kernelRelease: "6.12.117", kernelVersion: "#1 SMP PREEMPT_DYNAMIC", machine: "x86_64",
            hostName: "köln"),
        memoryMap: memoryMap,
        invariants: Invariants([
            .init("pci", "0000:00:03.0 1af4:1001"), .init("interrupt-remapping", "on"),
            .init("pci", "0000:00:02.0 1af4:1000"),
        ]),
        jump: JumpRecord(
            jumpBackEntry: nil, saverRegion: frames(0x400..<0x500),
            saverLowMemory: frames(1..<0x9f), messagePage: PhysicalAddress(0x11_0000),
            pagingDepth: .five))

    static let jumpBackEntry = PhysicalAddress(0x70_0400)

    static let runs = [
        run(0x100, 3), run(0x103, 5, .zero), run(0x110, 2), run(0x600, 100, .zero), run(0x700, 4),
    ]

    static func run(_ first: UInt64, _ count: UInt32, _ kind: PageRun.Kind = .data) -> PageRun {
        PageRun(first: PageFrame(first), count: count, kind: kind)
    }

    static func frames(_ range: Range<UInt64>) -> FrameRange {
        FrameRange(PageFrame(range.lowerBound), PageFrame(range.upperBound))
    }

    /// Swap of 48 pages.
    static var swapArea: ImageArea {
        var area = ImageArea(pages: 48)
        area.put([0x77], at: 0)
        area.put(UInt32(1), at: 1024)
        area.put(UInt32(47), at: 1028)
        area.put(Array("SWAPSPACE2".utf8), at: 4086)
        return area
    }

    static func prepare(
        _ area: inout ImageArea, in layout: AreaLayout? = nil
    ) throws -> PreparedImage {
        let prepared = try PreparedImage(
            id: id, creationTime: 1_750_000_000, signaturePage: SignaturePage(area.read(0, 4096)),
            machine: machine, layout: layout, areaSize: area.size)
        for write in prepared.writes { area.write(write) }
        return prepared
    }

    /// Stores three chunks, the last pages first: 2 raw, 3 raw, 4 packed. In the order of the data.
    static func storeChunks(_ area: inout ImageArea, at start: UInt64) -> [Chunk] {
        var offset = start
        return [(7, 2, 8192), (0, 3, 12288), (3, 4, 5000)].map { firstPage, pages, size in
            let stored = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ pages) }
            area.put(stored, at: Int(offset))
            defer { offset += UInt64((size + 4095) / 4096 * 4096) }
            return Chunk(
                offset: offset, size: UInt32(size), firstPage: UInt64(firstPage),
                pageCount: UInt32(pages), checksum: XXH64.hash(stored))
        }.sorted { $0.firstPage < $1.firstPage }
    }

    typealias Completion = ImageCompletion<[PageRun], [Chunk]>

    static func complete(
        _ area: inout ImageArea, in layout: AreaLayout? = nil
    ) throws -> Completion {
        let prepared = try prepare(&area, in: layout)
        let chunks = storeChunks(&area, at: prepared.firstFreeOffset)
        let completion = try prepared.completed(
            jumpBackEntry: jumpBackEntry, runs: runs, chunks: chunks,
            dataEnd: prepared.firstFreeOffset + 7 * 4096, areaSize: area.size)
        completion.forEachWrite { area.write($0) }
        return completion
    }

    /// A valid image.
    static func area(in layout: AreaLayout? = nil) throws -> ImageArea {
        var area = swapArea
        area.write(try complete(&area, in: layout).signature)
        return area
    }
}
