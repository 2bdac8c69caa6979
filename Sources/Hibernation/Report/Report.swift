// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import SystemPackage

/// What the user is told while something goes on: a line on the console, the same line in the
/// kernel's log, from where it gets into the journal of the system that boots afterwards, and the
/// same on the boot splash, if there is one.
package struct Report: Sendable {
    package enum Verbosity: Int, Sendable {
        /// Failures only.
        case quiet
        case normal
        /// Also why nothing was done, and how it is done.
        case verbose
    }

    package var verbosity: Verbosity

    private let sink: any ReportSink

    package init(_ verbosity: Verbosity, to sink: any ReportSink = EveryScreen()) {
        self.verbosity = verbosity
        self.sink = sink
    }

    /// The same, and what keeps what it says.
    func recording() -> (report: Report, lines: RecordedLines) {
        let lines = RecordedLines(passingOnTo: sink)
        return (Report(verbosity, to: lines), lines)
    }

    /// Something happened that the user wants to know.
    package func note(_ line: String) {
        if verbosity != .quiet { write(.information, line) }
    }

    /// Interesting to those who ask for it.
    package func detail(_ line: String) {
        if verbosity == .verbose { write(.information, line) }
    }

    /// Not a failure, yet not as it should be.
    package func warn(_ line: String) { write(.warning, line) }

    package func fail(_ line: String) { write(.error, line) }

    /// What the boot splash shows of ours is over.
    func clearSplash() { sink.clear() }

    /// A line may name what somebody else has written on a disk.
    private func write(_ level: KernelLog.Level, _ line: String) { sink.write(level, shown(line)) }
}
