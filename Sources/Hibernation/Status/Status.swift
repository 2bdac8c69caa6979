// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform

/// `kresume status`: the last hibernation or resume that this kernel knows of.
package struct Status {
    private let machine: any Machine

    /// In bytes.
    private static let sizeLimit = 64 << 10

    package init(_ machine: any Machine) { self.machine = machine }

    /// Lines for people; nil where nothing was hibernated or resumed.
    package func run() throws -> String? {
        guard let bytes = try machine.status(limit: Self.sizeLimit) else { return nil }
        return shownLines(String(decoding: bytes, as: UTF8.self))
    }

    /// Keeps the lines in the place of those before. Nothing depends on them, so nothing is said if that
    /// fails.
    static func write(_ lines: [String], on machine: any Machine) {
        let text = lines.map(shown).joined(separator: "\n")
        try? machine.setStatus(Array(text.utf8.prefix(sizeLimit)))
    }
}
