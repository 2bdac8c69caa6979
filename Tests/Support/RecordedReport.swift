// SPDX-License-Identifier: GPL-2.0-or-later

import Hibernation
import LinuxPlatform
import Synchronization

/// Keeps what a user would have been told.
package final class RecordedReport: ReportSink {
    private let written = Mutex<[String]>([])

    private let whenSaid: @Sendable (String) -> Void

    /// - Parameter whenSaid: told of each line at that moment.
    package init(whenSaid: @escaping @Sendable (String) -> Void = { _ in }) {
        self.whenSaid = whenSaid
    }

    package var lines: [String] { written.withLock { $0 } }

    package func write(_ level: KernelLog.Level, _ line: String) {
        written.withLock { $0.append(line) }
        whenSaid(line)
    }

    package func clear() {}

    /// A report that ends here.
    package var report: Report { Report(.verbose, to: self) }

    package func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
}
