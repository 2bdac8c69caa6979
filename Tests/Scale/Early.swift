// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import PhysicalMemory
import Placement

/// What of an image can be loaded while memory is still being pinned: a part is loaded when all of its pages have
/// their places. What would be gained if it were loaded as soon as some have?
struct Early {
    let scenario: Scenario

    /// Bytes a second.
    private static let device = 3e9
    private static let pinning = [10e9, 40e9]

    /// Data that can be loaded, by how much is pinned, in bytes.
    private struct Known {
        var pinned: [Double] = []
        var inParts: [Double] = []
        var inPages: [Double] = []
    }

    func lines() throws -> [String] {
        let known = try known()
        let all = Double(scenario.gibibytes << 30)
        let quarters = [4, 2, 1].map { part in
            let index = known.pinned.count / part - 1
            return String(
                format: "%.0f %% in whole parts, %.0f %% of the pages",
                known.inParts[index] / all * 100, known.inPages[index] / all * 100)
        }
        let what = "\(scenario.gibibytes) GiB in runs of \(scenario.runPages) pages"
        let shares = "a quarter pinned: \(quarters[0]); half: \(quarters[1]); all: \(quarters[2])"
        return ["\(what): \(shares)"]
            + Self.pinning.map { rate in
                let waits = [known.inParts, known.inPages].map { wait(known.pinned, $0, rate) }
                return String(
                    format: "%@: a device of 3 GB/s waits %.2f s beside pinning at %.0f GB/s, "
                        + "by pages %.2f s; it reads for %.1f s",
                    what, waits[0], rate / 1e9, waits[1], all / Self.device)
            }
    }

    private func known() throws -> Known {
        let made = scenario.make()
        let destinations = try DestinationMap(
            data: made.data, zero: [], ram: made.firmware, free: made.firmware)
        let parts = Scenario.parts(of: destinations)
        var inPlace = PagesInPlace(destinations)
        var known = Known()
        var pinned = 0.0
        for new in Scenario.steps(of: made.pinned) {
            inPlace.add(new)
            pinned += Double(new.pageCount) * Double(PageFrame.size)
            var cursor = PagesInPlace.Cursor()
            var whole = 0
            var some = 0
            for part in parts {
                var count = 0
                var page = part.lowerBound
                while page < part.upperBound {
                    let extent = inPlace.extent(from: page, &cursor)
                    let pages = min(extent?.pageCount ?? 1, part.upperBound - page)
                    if extent != nil { count += pages }
                    page += pages
                }
                some += count
                if count == part.count { whole += count }
            }
            known.pinned.append(pinned)
            known.inParts.append(Double(whole * PageFrame.size))
            known.inPages.append(Double(some * PageFrame.size))
        }
        return known
    }

    /// Seconds in which the device has nothing to read, up to the last step.
    private func wait(_ pinned: [Double], _ known: [Double], _ rate: Double) -> Double {
        var time = 0.0
        var read = 0.0
        var waited = 0.0
        var available = 0.0
        for (pinned, known) in zip(pinned, known) {
            let now = pinned / rate
            let could = (now - time) * Self.device
            let does = min(could, available - read)
            waited += (could - does) / Self.device
            read += does
            time = now
            available = known
        }
        return waited
    }
}
