// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea

@testable import KresumeImage

extension FuzzTarget {
    /// Where an image says that it is on its device.
    static let layout = FuzzTarget(name: "layout", inputLimit: 512) {
        let list = ImageChanges.firstSection + 6
        return [
            [0, 0], [15, 0], [0, 3],
            [0, 0] + Change.put(UInt64(90), in: list, at: 0),
            [0, 0] + Change.put(UInt64.max, in: list, at: 8),
            [0, 0] + Change.put(UInt64(1 << 51), in: list, at: 24),
            [0, 0] + Change.put(UInt64(48), in: 3, at: 16),
            [0, 0] + Change.put(UInt64(16384), in: 3, at: 8),
        ]
    } test: { input in
        try checkLayout(input, layoutChanges)
    }

    /// The same of one that is on several devices.
    static let devicesLayout = FuzzTarget(name: "devices-layout", inputLimit: 512) {
        let list = ImageChanges.firstSection + 6
        return [
            [0, 0], [15, 0], [0, 3],
            [0, 0] + Change.put(UInt32(3), in: list, at: 0),
            [0, 0] + Change.put(UInt64(3), in: list, at: 8),
            [0, 0] + Change.put(UInt32(64), in: list, at: 80),
            [0, 0] + Change.put(UInt32.max, in: list, at: 84),
            [0, 0] + Change.put(UInt64.max, in: list, at: 88),
            [0, 0] + Change.put(UInt32(0), in: list, at: 104),
        ]
    } test: { input in
        _ = MemberPage(parsing: input)
        try checkLayout(input, stripedChanges)
    }

    private static func checkLayout(
        _ input: [UInt8], _ sample: Result<ImageChanges, any Error>
    ) throws {
        var changes = Changes(input)
        let area = try sample.get().area(for: &changes)
        let layout: AreaLayout
        do {
            let found = try AreaLayout.read { offset, count in
                area.range(offset, UInt64(count)).map { Array(area.bytes[$0]) } ?? []
            }
            guard let found else { return }
            layout = found.layout
        } catch { return }
        // All of the area's bytes are in the runs, in their order, and no two at one place.
        let pageSize = UInt64(PageFrame.size)
        let pages = layout.runs.reduce(0) { $0 + $1.count }
        require(pages * pageSize == layout.size, "\(pages) pages, \(layout.size) bytes")
        var start: UInt64 = 0
        var seen: Set<AreaLayout.Part> = []
        for run in layout.runs {
            let parts = layout.parts(at: start + 5, count: Int(pageSize))
            require(
                parts.first?.offset == run.columns[0].run.first.offset + 5
                    && parts.first?.device == run.columns[0].device
                    && parts.reduce(0) { $0 + $1.count } <= Int(pageSize), "\(run): \(parts)")
            for page in 0..<min(run.count, 64) {
                let place = layout.parts(at: start + page * pageSize, count: 1)
                require(
                    place.count == 1 && seen.insert(place[0]).inserted
                        && place[0].device < layout.deviceCount, "page \(page) of \(run)")
            }
            start += run.count * pageSize
        }
        require(layout.parts(at: start, count: 1).isEmpty, "bytes behind the end")
    }

    private static let layoutChanges = Result { try changes(striped: false) }
    private static let stripedChanges = Result { try changes(striped: true) }

    private static func changes(striped: Bool) throws -> ImageChanges {
        let plain = [
            DeviceRun(DevicePage(7), count: 20), DeviceRun(DevicePage(90), count: 18),
            DeviceRun(DevicePage(40), count: 10),
        ]
        if !striped { return try ImageChanges(of: try Sample.area(in: AreaLayout(plain))) }
        let columns = [
            AreaRun.Column(1, DeviceRun(DevicePage(300), count: 12)),
            AreaRun.Column(0, DeviceRun(DevicePage(200), count: 12)),
        ]
        let runs =
            [AreaRun(0, plain[0]), AreaRun(1, DeviceRun(DevicePage(3), count: 4))]
            + (AreaRun(columns, stripe: 4).map { [$0] } ?? [])
        return try ImageChanges(
            of: try Sample.area(in: AreaLayout(runs, memberPages: [DevicePage(2)])))
    }
}
