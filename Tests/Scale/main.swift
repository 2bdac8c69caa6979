// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

// scale [GIB...]: what a restore plans, natively, at several sizes and degrees of scatter: processor seconds of each
// part, peak memory, and how both grow. Each row is a process of its own, for its peak. What a machine with 256 GiB
// does needs memory for the plan alone.

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "row" {
    let numbers = arguments.dropFirst().compactMap { UInt64($0) }
    let row = try Scenario(gibibytes: numbers[0], runPages: numbers[1]).measure()
    print(row.fields)
} else {
    let sizes = arguments.isEmpty ? [1, 4, 16, 64, 256] : arguments.compactMap { UInt64($0) }
    try Table(gibibytes: sizes, runPages: [512, 64, 8, 1]).print()
}
