// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea

/// Where the pages of an image lie on the device, in the order in which they were stored.
package struct SwapMap: Hashable, Sendable {
    /// Longest possible, in stored order.
    package let runs: [DeviceRun]
    /// For each run, how many stored pages come before it.
    private let starts: [UInt64]
    package let pageCount: UInt64

    init(_ runs: [DeviceRun]) {
        self.runs = runs
        var starts: [UInt64] = []
        starts.reserveCapacity(runs.count)
        var sum: UInt64 = 0
        for run in runs {
            starts.append(sum)
            sum += run.count
        }
        self.starts = starts
        pageCount = sum
    }

    /// Where `pages` lie, in their order. Requires them to end at or before ``pageCount``.
    package func extents(of pages: Range<UInt64>) -> [DeviceRun] {
        precondition(pages.upperBound <= pageCount, "pages beyond the swap map")
        var extents: [DeviceRun] = []
        var page = pages.lowerBound
        var index = run(of: page)
        while page < pages.upperBound {
            let skipped = page - starts[index]
            let count = min(runs[index].count - skipped, pages.upperBound - page)
            let first = DevicePage(runs[index].first.rawValue + skipped)
            extents.append(DeviceRun(first, count: count))
            page += count
            index += 1
        }
        return extents
    }

    /// The last run that begins at or before `page`.
    private func run(of page: UInt64) -> Int {
        starts.partitionPoint { $0 <= page } - 1
    }
}
