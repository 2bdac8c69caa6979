// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import Synchronization

/// Shows what the guests' consoles say, a whole line at a time, set apart from the narration.
final class Console: Sendable {
    private let rest = Mutex("")

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
            FileHandle.standardOutput.write(Data("       | \(line)\n".utf8))
        }
    }
}
