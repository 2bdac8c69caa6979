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
        var changes = Changes(input)
        let area = try layoutChanges.get().area(for: &changes)
        let layout: AreaLayout
        do {
            let found = try AreaLayout.read { offset, count in
                area.range(offset, UInt64(count)).map { Array(area.bytes[$0]) } ?? []
            }
            guard let found else { return }
            layout = found
        } catch { return }
        // All of the area's bytes are in the runs, in their order.
        let pageSize = UInt64(PageFrame.size)
        let pages = layout.runs.reduce(0) { $0 + $1.count }
        require(pages * pageSize == layout.size, "\(pages) pages, \(layout.size) bytes")
        var start: UInt64 = 0
        for run in layout.runs {
            let parts = layout.parts(at: start + 5, count: Int(pageSize))
            require(
                parts.first?.offset == run.first.offset + 5
                    && parts.reduce(0) { $0 + $1.count } <= Int(pageSize), "\(run): \(parts)")
            start += run.count * pageSize
        }
        require(layout.parts(at: start, count: 1).isEmpty, "bytes behind the end")
    }

    private static let layoutChanges = Result {
        let runs = [
            DeviceRun(DevicePage(7), count: 20), DeviceRun(DevicePage(90), count: 18),
            DeviceRun(DevicePage(40), count: 10),
        ]
        return try ImageChanges(of: try Sample.area(in: AreaLayout(runs)))
    }
}
