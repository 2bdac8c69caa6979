// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// Processor time of this process: others on the machine do not matter.
struct Stopwatch {
    private var beginning = Self.now

    mutating func start() { beginning = Self.now }

    /// Seconds since the start.
    func lap() -> Double { Self.now - beginning }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The most that this process has had in memory, in bytes.
    static var peakMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }
}
