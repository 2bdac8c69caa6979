// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// A page of 4096 bytes on a device, counted from the device's beginning, also where the image
/// lies in a swap file.
package struct DevicePage: Hashable, Comparable, Sendable {
    package var rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// In bytes. Requires a page of a device, which has less than 2^63 bytes.
    package var offset: UInt64 { rawValue * UInt64(PageFrame.size) }

    /// One past the last page that a device can have.
    package static let limit = DevicePage(1 << 51)
}

/// Consecutive pages of a device.
package struct DeviceRun: Hashable, Sendable {
    package var first: DevicePage
    package var count: UInt64

    package init(_ first: DevicePage, count: UInt64) {
        self.first = first
        self.count = count
    }

    /// One past the last page.
    package var end: DevicePage { DevicePage(first.rawValue + count) }
}

extension [DeviceRun] {
    /// Adds a run at the end; one that follows on the last one makes that longer.
    package mutating func join(_ run: DeviceRun) {
        if let last, last.end == run.first {
            self[count - 1].count += run.count
        } else {
            append(run)
        }
    }
}
