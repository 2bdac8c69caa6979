// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// Where an image area is on its device: in one run of pages, or in several, as a swap file is.
package struct AreaLayout: Hashable, Sendable {
    /// In the order of the area's bytes.
    package let runs: [DeviceRun]
    /// Where each run begins in the area, in pages.
    private let starts: [UInt64]
    /// In bytes.
    package let size: UInt64

    /// Nil where there is no run, where one is empty, or beyond what a device can have, and where two
    /// share a page.
    package init?(_ runs: [DeviceRun]) {
        guard !runs.isEmpty else { return nil }
        var starts: [UInt64] = []
        var pages: UInt64 = 0
        for run in runs {
            guard run.count > 0, run.first < DevicePage.limit,
                run.count <= DevicePage.limit.rawValue - run.first.rawValue
            else { return nil }
            starts.append(pages)
            // Disjoint runs have fewer pages together than a device; others end here at the latest.
            pages += run.count
            if pages > DevicePage.limit.rawValue { return nil }
        }
        let sorted = runs.sorted { $0.first < $1.first }
        for (run, next) in zip(sorted, sorted.dropFirst()) where run.end > next.first { return nil }
        self.runs = runs
        self.starts = starts
        size = pages * UInt64(PageFrame.size)
    }

    /// Where `count` bytes at an offset in the area are, in their order. What lies behind the area's
    /// end is not among them.
    package func parts(at offset: UInt64, count: Int) -> [Part] {
        var parts: [Part] = []
        var position = offset
        var left = UInt64(count)
        var index = starts.partitionPoint { $0 <= offset / UInt64(PageFrame.size) } - 1
        while left > 0, index < runs.count {
            let inRun = position - starts[index] * UInt64(PageFrame.size)
            let run = runs[index]
            index += 1
            let room = run.count * UInt64(PageFrame.size)
            guard inRun < room else { continue }
            let count = min(left, room - inRun)
            parts.append(Part(offset: run.first.offset + inRun, count: Int(count)))
            position += count
            left -= count
        }
        return parts
    }

    /// Whether they have a page of the device in common.
    package func overlaps(_ other: AreaLayout) -> Bool {
        let all = (runs + other.runs).sorted { $0.first < $1.first }
        return zip(all, all.dropFirst()).contains { $0.end > $1.first }
    }

    /// Some consecutive bytes of the device.
    package struct Part: Hashable, Sendable {
        /// In bytes from the device's beginning.
        package var offset: UInt64
        package var count: Int

        package init(offset: UInt64, count: Int) {
            self.offset = offset
            self.count = count
        }
    }
}
