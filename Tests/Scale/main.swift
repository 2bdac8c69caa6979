// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

// scale [GIB...]: what a restore plans, natively, at several sizes and degrees of scatter: processor seconds of each
// part, peak memory, and how both grow. Each row is a process of its own, for its peak. What a machine with 256 GiB
// does needs memory for the plan alone.
// scale walk [GIB...]: how long a saver kernel looks for free pages, in seconds. Comes behind the plans, too.
// scale early GIB: how much can be loaded while memory is still being pinned.

func walk(_ sizes: [UInt64]) throws {
    for size in sizes {
        let (seconds, free) = try Walk(gibibytes: size).measure()
        print(
            "free pages of \(size) GiB: \(String(format: "%.3f", seconds)) s, of one processor; "
                + "\(free) found")
    }
}

func early(_ gibibytes: UInt64) throws {
    for length: UInt64 in [512, 64, 8, 1] {
        let scenario = Scenario(gibibytes: gibibytes, runPages: length)
        for line in try Early(scenario: scenario).lines() { print(line) }
    }
}

let arguments = CommandLine.arguments.dropFirst()
let sizes = arguments.compactMap { UInt64($0) }
switch arguments.first {
case "row": print(try Scenario(gibibytes: sizes[0], runPages: sizes[1]).measure().fields)
case "walk": try walk(sizes)
case "early": try early(sizes.first ?? 64)
default:
    try Table(
        gibibytes: sizes.isEmpty ? [1, 4, 16, 64, 256] : sizes, runPages: [512, 64, 8, 1]
    ).print()
    try walk([1, 16, 64])
}
