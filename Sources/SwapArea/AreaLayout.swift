// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// Where an image area is: in one run of pages of a device, or in several, as a swap file is; on one device, or
/// on several, as a striped volume is.
package struct AreaLayout: Hashable, Sendable {
    /// In the order of the area's bytes.
    package let runs: [AreaRun]
    /// Of each device but the first, in their order, a page that is not the area's: it says whose device this is.
    /// None where that was not chosen yet.
    package let memberPages: [DevicePage]
    package let deviceCount: Int
    /// Where each run begins in the area, in pages.
    private let starts: [UInt64]
    /// In bytes.
    package let size: UInt64

    /// How many devices an area can be on.
    package static let deviceLimit = 64

    /// On one device; see ``init(_:memberPages:)``.
    package init?(_ runs: [DeviceRun]) { self.init(runs.map { AreaRun(0, $0) }) }

    /// Nil where there is no run, where one is empty, or beyond what a device can have, and where two
    /// share a page; where the area does not begin on the first device, where a device has nothing of it, and
    /// where there are not as many `memberPages` as devices to be known by them.
    package init?(_ runs: [AreaRun], memberPages: [DevicePage] = []) {
        var starts: [UInt64] = []
        var pages: UInt64 = 0
        var places: [AreaRun.Column] = memberPages.enumerated().map {
            AreaRun.Column($0.offset + 1, DeviceRun($0.element, count: 1))
        }
        for run in runs {
            starts.append(pages)
            let (sum, overflow) = pages.addingReportingOverflow(run.count)
            if overflow || sum > DevicePage.limit.rawValue { return nil }
            pages = sum
            places += run.columns
        }
        for run in places.map(\.run) {
            guard run.count > 0, run.first < DevicePage.limit,
                run.count <= DevicePage.limit.rawValue - run.first.rawValue
            else { return nil }
        }
        places.sort { ($0.device, $0.run.first) < ($1.device, $1.run.first) }
        for (place, next) in zip(places, places.dropFirst())
        where place.device == next.device && place.run.end > next.run.first { return nil }
        let devices = Set(runs.flatMap { $0.columns.map(\.device) })
        guard let first = runs.first?.columns.first, first.device == 0,
            devices.count <= Self.deviceLimit, devices == Set(0..<devices.count),
            memberPages.isEmpty || memberPages.count == devices.count - 1
        else { return nil }
        self.runs = runs
        self.memberPages = memberPages
        self.starts = starts
        deviceCount = devices.count
        size = pages * UInt64(PageFrame.size)
    }

    /// The same area without a page of each device but the first, which can then be known by it. Nil where a
    /// device has no run of its own.
    package var withMemberPages: AreaLayout? {
        var runs: [AreaRun] = []
        var pages: [Int: DevicePage] = [:]
        for run in self.runs {
            let (device, place) = (run.columns[0].device, run.columns[0].run)
            guard run.columns.count == 1, device > 0, pages[device] == nil else {
                runs.append(run)
                continue
            }
            pages[device] = place.first
            let rest = DeviceRun(DevicePage(place.first.rawValue + 1), count: place.count - 1)
            if rest.count > 0 { runs.append(AreaRun(device, rest)) }
        }
        guard pages.count == deviceCount - 1 else { return nil }
        return AreaLayout(runs, memberPages: (1..<deviceCount).compactMap { pages[$0] })
    }

    /// Where the area begins, on its first device.
    package var first: DevicePage { runs[0].columns[0].run.first }

    /// All that it has on its devices, in no particular order.
    package var extents: [AreaRun.Column] { runs.flatMap(\.columns) }

    /// Where `count` bytes at an offset in the area are, in their order. What lies behind the area's
    /// end is not among them.
    package func parts(at offset: UInt64, count: Int) -> [Part] {
        var parts: [Part] = []
        var position = offset
        var left = UInt64(count)
        var index = starts.partitionPoint { $0 <= offset / UInt64(PageFrame.size) } - 1
        while left > 0, position < size, index < runs.count {
            let inRun = position - starts[index] * UInt64(PageFrame.size)
            guard inRun < runs[index].count * UInt64(PageFrame.size) else {
                index += 1
                continue
            }
            let place = runs[index].place(of: inRun)
            let count = min(left, place.room)
            parts.append(Part(device: place.device, offset: place.offset, count: Int(count)))
            position += count
            left -= count
        }
        return parts
    }

    /// Some consecutive bytes of a device.
    package struct Part: Hashable, Sendable {
        /// Which of the area's devices.
        package var device: Int
        /// In bytes from the device's beginning.
        package var offset: UInt64
        package var count: Int

        package init(device: Int = 0, offset: UInt64, count: Int) {
            self.device = device
            self.offset = offset
            self.count = count
        }
    }
}
