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
        #expect(try AreaLayout.read(readAt: prepared.read)?.layout == layout)
        #expect(try AreaLayout.read(readAt: area.read)?.layout == layout)
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

    // On several devices.

    private static func column(_ device: Int, _ first: UInt64, _ count: UInt64) -> AreaRun.Column {
        .init(device, DeviceRun(DevicePage(first), count: count))
    }

    private static func run(_ columns: [AreaRun.Column], stripe: UInt64 = 0) -> AreaRun? {
        columns.count == 1
            ? AreaRun(columns[0].device, columns[0].run) : AreaRun(columns, stripe: stripe)
    }

    private static let striped = Result {
        let stripes = try #require(
            run([column(1, 100, 12), column(0, 50, 12), column(2, 0, 12)], stripe: 4))
        let runs = [
            try #require(run([column(0, 7, 20)])), stripes, try #require(run([column(2, 20, 2)])),
        ]
        return try #require(AreaLayout(runs, memberPages: [DevicePage(99), DevicePage(30)]))
    }

    @Test func stripesTakeTurns() throws {
        let layout = try Self.striped.get()
        #expect(layout.deviceCount == 3 && layout.size == 58 * 4096 && layout.first.rawValue == 7)
        let pages = (0..<58 as Range<UInt64>).map { page -> [UInt64] in
            let parts = layout.parts(at: page * 4096 + 9, count: 1)
            return parts.flatMap { [UInt64($0.device), $0.offset - 9, UInt64($0.count)] }
        }
        #expect(pages[19] == [0, 26 * 4096, 1])
        #expect(pages[20] == [1, 100 * 4096, 1] && pages[23] == [1, 103 * 4096, 1])
        #expect(pages[24] == [0, 50 * 4096, 1] && pages[28] == [2, 0, 1])
        #expect(pages[32] == [1, 104 * 4096, 1] && pages[55] == [2, 11 * 4096, 1])
        #expect(pages[56] == [2, 20 * 4096, 1])
        #expect(Set(pages).count == 58)
        let parts = layout.parts(at: 19 * 4096, count: 6 * 4096)
        #expect(parts.map(\.device) == [0, 1, 0])
        #expect(parts.map { $0.offset >> 12 } == [26, 100, 50])
        #expect(parts.map { $0.count >> 12 } == [1, 4, 1])
    }

    @Test func devicesThatCannotBe() throws {
        let first = try #require(Self.run([Self.column(0, 0, 20)]))
        let second = try #require(Self.run([Self.column(1, 0, 20)]))
        #expect(AreaLayout([first, second], memberPages: [DevicePage(20)]) != nil)
        // One that begins elsewhere, is passed over, has none or too many pages, or one that is the area's.
        #expect(AreaLayout([second, first], memberPages: [DevicePage(20)]) == nil)
        #expect(AreaLayout([first, try #require(Self.run([Self.column(2, 0, 20)]))]) == nil)
        for pages in [[20, 21], [19], [1 << 51], [.max]] as [[UInt64]] {
            #expect(AreaLayout([first, second], memberPages: pages.map { DevicePage($0) }) == nil)
        }
        #expect(AreaLayout([first], memberPages: [DevicePage(20)]) == nil)
        // Stripes that are none, do not come out even, or are twice on one device.
        for (columns, stripe) in [
            ([Self.column(0, 0, 8), Self.column(1, 0, 8)], 0),
            ([Self.column(0, 0, 8), Self.column(1, 0, 8)], 3),
            ([Self.column(0, 0, 8), Self.column(1, 0, 4)], 4),
            ([Self.column(0, 0, 8), Self.column(0, 8, 8)], 4),
            ([Self.column(0, 0, 0), Self.column(1, 0, 0)], 4),
        ] as [([AreaRun.Column], UInt64)] {
            #expect(AreaRun(columns, stripe: stripe) == nil)
        }
    }

    @Test func anImageSaysOnWhichDevicesItIs() throws {
        let layout = try Self.striped.get()
        let area = try Sample.area(in: layout)
        // Bits 3 and 4.
        #expect(area.bytes[4096 + 16] == 24)
        #expect(try area.image()?.layout == layout)
        #expect(try AreaLayout.read(readAt: area.read)?.layout == layout)
        #expect(try AreaLayout.read(readAt: area.read)?.image == Sample.id)
        #expect(
            area.bytes[12288...].prefix(24).map { $0 } == [3] + zeroes(7) + [99] + zeroes(7) + [30]
                + zeroes(7))
    }

    private func zeroes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    @Test(arguments: [
        Damage("one device", .layout) { try $0.patchSection(.layout, UInt32(1), at: 0) },
        Damage("many devices", .layout) { try $0.patchSection(.layout, UInt32.max, at: 0) },
        Damage("a page of the area's", .layout) {
            try $0.patchSection(.layout, UInt64(100), at: 8)
        },
        Damage("no column", .layout) { try $0.patchSection(.layout, UInt32(0), at: 24) },
        Damage("a stripe alone", .layout) { try $0.patchSection(.layout, UInt32(4), at: 28) },
        Damage("an odd stripe", .layout) { try $0.patchSection(.layout, UInt32(5), at: 60) },
        Damage("a device more", .layout) { try $0.patchSection(.layout, UInt32(3), at: 80) },
        Damage("a device twice", .layout) { try $0.patchSection(.layout, UInt32(0), at: 80) },
        Damage("feature alone", .missingSection(.layout)) {
            try $0.editHeader { $0.sections.remove(at: 0) }
        },
    ])
    func damagedDevices(damage: Damage) throws {
        var area = try Sample.area(in: Self.striped.get())
        #expect(area.complaint == nil && complaint(area) == nil)
        try damage.apply(&area)
        #expect(area.complaint == damage.expected && complaint(area) == damage.expected)
    }

    @Test func memberPages() throws {
        let page = MemberPage(image: Sample.id, device: 2)
        let bytes = page.bytes
        #expect(bytes.count == 4096 && MemberPage(parsing: bytes) == page)
        for index in 0..<40 {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(MemberPage(parsing: damaged) == nil, "\(index)")
        }
        #expect(MemberPage(parsing: Array(bytes[..<39])) == nil)
        #expect(Array(bytes[..<8]) == Array("krmember".utf8))
    }
}
