// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Synchronization

/// The narration, and what the guests' consoles say, a whole line at a time, set apart from it; all of it goes
/// into a file, too.
final class Screen: Sendable {
    private let rest = Mutex("")
    private let record: FileHandle

    init(recording file: String) throws {
        let url = Host.root.appending(path: file)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: url.path) { try Data().write(to: url) }
        record = try FileHandle(forWritingTo: url)
        try record.seekToEnd()
    }

    func say(_ text: String) {
        let line = Data((text + "\n").utf8)
        FileHandle.standardOutput.write(line)
        record.write(line)
    }

    func show(_ text: String) {
        let lines = rest.withLock { rest -> [Substring] in
            // What comes may end between the two.
            rest = (rest + text).replacing("\r\n", with: "\n")
            var lines = rest.split(separator: "\n", omittingEmptySubsequences: false)
            rest = String(lines.removeLast())
            return lines
        }
        // The firmware clears the screen with escape sequences; nothing else here begins so.
        for line in lines where !line.isEmpty && !line.contains("\u{1b}") {
            say("       | \(line)")
        }
    }
}
