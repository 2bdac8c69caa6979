// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import Threads

/// Passes on what a user is told, and keeps the last lines of it for ``CycleLog`` and its like.
final class RecordedLines: ReportSink {
    private let sink: any ReportSink
    private let kept = Monitor<[String]>([])
    private static let limit = 40

    init(passingOnTo sink: any ReportSink) { self.sink = sink }

    var lines: [String] { kept.wait { $0 } }

    func write(_ level: KernelLog.Level, _ line: String) {
        kept.change { lines in
            if lines.count == Self.limit { lines.removeFirst() }
            lines.append(line)
        }
        sink.write(level, line)
    }

    func clear() { sink.clear() }
}
