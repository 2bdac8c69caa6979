// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Fingerprint
import SwapArea
import Testing

@testable import KresumeImage

@Suite struct FileSystemRecordTests {
    private static let records = [
        FileSystemRecord(
            state: FileSystemState(
                kind: .ext, identity: Array(1...16),
                values: [.init(.mountTime, 0x1122_3344), .init(.mountCount, 41)]),
            device: "/dev/sda3", kind: "ext4", mountPoint: "/", isReadWrite: true,
            onlyWarns: false, isAsMounted: false),
        FileSystemRecord(
            state: FileSystemState(kind: .raidMember, identity: [7], values: []),
            device: "/dev/sdb", kind: "md", mountPoint: "", isReadWrite: false,
            onlyWarns: true, isAsMounted: true),
    ]

    /// As docs/image-format.md has it.
    private static let bytes: [UInt8] =
        [1, 0, 1, 0, 16, 0, 2, 0] + Array(1...16)
        + [2, 0, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0] + [3, 0, 41, 0, 0, 0, 0, 0, 0, 0]
        + [9, 0] + Array("/dev/sda3".utf8) + [4, 0] + Array("ext4".utf8) + [1, 0, 0x2f]
        + [7, 0, 6, 0, 1, 0, 0, 0, 7]
        + [8, 0] + Array("/dev/sdb".utf8) + [2, 0] + Array("md".utf8) + [0, 0]

    private static func parse(_ bytes: [UInt8]) throws(ImageError) -> [FileSystemRecord] {
        var reader = ByteReader<ImageError>(bytes, at: 4096)
        return try FileSystemRecord.parse(&reader)
    }

    @Test func bytesAreAsDocumented() throws {
        #expect(try Self.records.serialised() == Self.bytes)
        #expect(try Self.parse(Self.bytes) == Self.records)
    }

    @Test(arguments: [
        (2, UInt8(8), ImageError.fileSystem(offset: 4096)),
        (4, 0, .fileSystem(offset: 4096)),
        (4, 65, .fileSystem(offset: 4096)),
        (6, 65, .fileSystem(offset: 4096)),
        // The second field is not above the first.
        (34, 2, .fileSystem(offset: 4096)),
        (46, 0x1b, .text(.fileSystems, offset: 4096 + 44)),
        (44, 200, .truncated(offset: 4096 + 46, needed: 200, available: 43)),
    ])
    func whatCannotBeIsRefused(place: Int, value: UInt8, error: ImageError) {
        var bytes = Self.bytes
        bytes[place] = value
        #expect(throws: error) { try Self.parse(bytes) }
    }

    @Test func everyCutIsNoticed() throws {
        let first = try [Self.records[0]].serialised().count
        for count in 1..<Self.bytes.count where count != first {
            #expect(throws: ImageError.self) { try Self.parse(Array(Self.bytes.prefix(count))) }
        }
    }

    /// A newer writer knows more.
    @Test func unknownKindsAndFieldsArePassedOver() throws {
        var bytes = Self.bytes
        bytes[0] = 99
        #expect(try Self.parse(bytes) == [Self.records[1]])
        bytes = Self.bytes
        bytes[34] = 99
        let record = try #require(try Self.parse(bytes).first)
        #expect(
            record.state.change(
                to: FileSystemState(
                    kind: .ext, identity: Array(1...16), values: [.init(.mountTime, 0x1122_3344)]))
                == nil)
    }

    @Test func whatIsNoTextIsNotWritten() {
        var record = Self.records[0]
        record.mountPoint = "/a\nb"
        #expect(throws: ImageError.text(.fileSystems, offset: 0)) { try [record].serialised() }
    }

    /// A writes them, B writes others in their place, C reads those; and an image can do without.
    @Test func theSaversTakeTheirPlace() throws {
        var area = Sample.swapArea
        var prepared = try PreparedImage(
            id: Sample.id, creationTime: 1_750_000_000,
            signaturePage: SignaturePage(area.read(0, 4096)), machine: Sample.machine,
            fileSystems: Self.records, areaSize: area.size)
        for write in prepared.writes { area.write(write) }
        let read = try PreparedImage(reading: Sample.id, areaSize: area.size, readAt: area.read)
        #expect(read.fileSystems == Self.records)
        #expect(read.header.sections.map(\.isRequired) == [true, true, true, true, false])
        prepared = read
        prepared.fileSystems[1].isAsMounted = false
        prepared.report = ["Linux 6.12, boot 1.900 s", ""]
        let chunks = Sample.storeChunks(&area, at: prepared.firstFreeOffset)
        let completion = try prepared.completed(
            jumpBackEntry: Sample.jumpBackEntry, runs: Sample.runs, chunks: chunks,
            dataEnd: prepared.firstFreeOffset + 7 * 4096, areaSize: area.size)
        completion.forEachWrite { area.write($0) }
        area.write(completion.signature)
        #expect(try area.image()?.fileSystems == prepared.fileSystems)
        #expect(try area.image()?.report == prepared.report)
        prepared.report = ["two\nlines"]
        #expect(throws: ImageError.text(.report, offset: 0)) {
            try prepared.completed(
                jumpBackEntry: Sample.jumpBackEntry, runs: Sample.runs, chunks: chunks,
                dataEnd: prepared.firstFreeOffset + 7 * 4096, areaSize: area.size)
        }
        #expect(try Sample.area().image()?.fileSystems == [])
    }
}
