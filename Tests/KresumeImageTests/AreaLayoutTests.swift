// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import PhysicalMemory
import SwapArea
import Testing

@testable import KresumeImage

/// Images whose area is in several places of a device.
@Suite struct AreaLayoutTests {
    private static func runs(_ runs: [(first: UInt64, count: UInt64)]) -> [DeviceRun] {
        runs.map { DeviceRun(DevicePage($0.first), count: $0.count) }
    }

    private static func layout(_ pairs: [(first: UInt64, count: UInt64)]) throws -> AreaLayout {
        try #require(AreaLayout(runs(pairs)))
    }

    @Test(
        arguments: [
            [], [(5, 0)], [(5, 3), (7, 1)], [(7, 1), (5, 3)], [(5, 1), (5, 1)], [(1 << 51, 1)],
            [((1 << 51) - 1, 2)], [(0, .max)], [(1, .max)], [(.max, 1)],
            [(0, 1 << 51), (0, 1 << 51), (0, 1 << 51)],
        ] as [[(first: UInt64, count: UInt64)]])
    func whatCannotBe(pairs: [(first: UInt64, count: UInt64)]) {
        #expect(AreaLayout(Self.runs(pairs)) == nil)
    }

    @Test func bytesAreFoundWhereTheyAre() throws {
        let layout = try Self.layout([(100, 2), (50, 1), (0, 3)])
        #expect(layout.size == 6 * 4096)
        let parts = { (offset: UInt64, count: Int) in
            layout.parts(at: offset, count: count).map { [$0.offset, UInt64($0.count)] }
        }
        #expect(parts(0, 1) == [[409_600, 1]])
        #expect(parts(8191, 1) == [[409_600 + 8191, 1]])
        #expect(parts(8192, 4096) == [[50 * 4096, 4096]])
        #expect(parts(12288, 12288) == [[0, 12288]])
        #expect(
            parts(1000, 23576) == [[409_600 + 1000, 7192], [50 * 4096, 4096], [0, 12288]])
        #expect(parts(8191, 4099) == [[409_600 + 8191, 1], [50 * 4096, 4096], [0, 2]])
        // What lies behind the end is not there.
        #expect(parts(24575, 10) == [[12287, 1]])
        #expect(parts(24576, 10) == [] && parts(.max, 10) == [] && parts(5, 0) == [])
    }

    @Test func pagesInCommon() throws {
        let layout = try Self.layout([(100, 2), (50, 1), (0, 3)])
        for (other, overlaps) in [
            ([(102, 9), (51, 49), (3, 47)], false), ([(101, 1)], true), ([(200, 5), (2, 1)], true),
            ([(0, 1000)], true), ([(50, 1)], true), ([(49, 1)], false),
        ] as [([(first: UInt64, count: UInt64)], Bool)] {
            #expect(try layout.overlaps(Self.layout(other)) == overlaps, "\(other)")
            #expect(try Self.layout(other).overlaps(layout) == overlaps, "\(other)")
        }
    }

    private static let sample = Result { try layout([(7, 30), (90, 18)]) }

    @Test func anImageSaysWhereItIs() throws {
        let layout = try Self.sample.get()
        let area = try Sample.area(in: layout)
        // Bit 3: a reader that does not know it refuses the image.
        #expect(area.bytes[4096 + 16] == 8)
        #expect(try area.image()?.layout == layout)
        var prepared = Sample.swapArea
        let image = try Sample.prepare(&prepared, in: layout)
        let read = try PreparedImage(
            reading: Sample.id, areaSize: prepared.size, readAt: prepared.read)
        #expect(read.layout == layout && read.header == image.header)
        #expect(try AreaLayout.read(readAt: prepared.read) == layout)
        #expect(try AreaLayout.read(readAt: area.read) == layout)
        #expect(try AreaLayout.read(readAt: Sample.area().read) == nil)
        #expect(try AreaLayout.read(readAt: Sample.swapArea.read) == nil)
    }

    private func complaint(_ area: ImageArea) -> ImageError? {
        do { _ = try AreaLayout.read(readAt: area.read) } catch {
            if case .image(let error) = error { return error }
        }
        return nil
    }

    @Test(arguments: [
        Damage("empty run", .layout) { try $0.patchSection(.layout, UInt64(0), at: 8) },
        Damage("twice", .layout) { try $0.patchSection(.layout, UInt64(7), at: 16) },
        Damage("beyond a device", .layout) { try $0.patchSection(.layout, UInt64.max, at: 16) },
        // The list itself is the fourth page.
        Damage("first run too short", .layout) {
            try $0.patchSection(.layout, UInt64(3), at: 8)
        },
        Damage("none", .layout) {
            try $0.editHeader { $0.sections[0].size = 0 }
            try $0.sealSections()
        },
        Damage("half a run", .truncated(offset: 12288 + 24, needed: 8, available: 4)) {
            try $0.editHeader { $0.sections[0].size = 28 }
            try $0.sealSections()
        },
        Damage("too long", .sectionSize(.layout, 1 << 21, limit: 1 << 20)) {
            try $0.editHeader { $0.sections[0].size = 1 << 21 }
        },
        Damage("no list", .missingSection(.layout)) {
            try $0.editHeader { $0.sections.remove(at: 0) }
        },
    ])
    func damage(damage: Damage) throws {
        var area = try Sample.area(in: Self.sample.get())
        #expect(area.complaint == nil && complaint(area) == nil)
        try damage.apply(&area)
        #expect(area.complaint == damage.expected && complaint(area) == damage.expected)
    }

    @Test func aListMustBeWhereItCanBeFound() throws {
        var area = try Sample.area(in: Self.sample.get())
        try area.editHeader { $0.sections[0].offset = 16384 }
        #expect(complaint(area) == .layout)
        area = try Sample.area(in: Self.sample.get())
        try area.editHeader { $0.hasLayout = false }
        #expect(area.complaint == .unexpectedSection(.layout) && complaint(area) == nil)
        area = try Sample.area(in: Self.sample.get())
        area.bytes[12288] ^= 1
        guard case .checksum(.section(.layout), 12288, _, _) = complaint(area) else {
            Issue.record("\(complaint(area).debugDescription)")
            return
        }
    }

    @Test func tooManyRunsForTheFirst() throws {
        // 257 runs take two pages, and the first has room for one.
        let rest = (0..<256).map { (first: UInt64(1000 + 2 * $0), count: UInt64(1)) }
        let layout = try Self.layout([(0, 4)] + rest)
        #expect(throws: ImageError.tooManyAreaRuns(257)) { try Sample.area(in: layout) }
        _ = try Sample.area(in: Self.layout([(0, 5)] + rest))
        let many = (0..<65_537).map { (first: UInt64(1_000_000 + 2 * $0), count: UInt64(1)) }
        let long = try Self.layout([(0, 1000)] + many)
        #expect(throws: ImageError.tooManyAreaRuns(65_538)) { try Sample.area(in: long) }
    }
}
