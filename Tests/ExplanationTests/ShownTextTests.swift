// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Foundation
import Testing

/// Texts that somebody else has written.
@Suite struct ShownTextTests {
    private static let steering: [Unicode.Scalar] = [
        "\u{0}", "\u{7}", "\n", "\r", "\u{1b}", "\u{7f}", "\u{80}", "\u{9b}", "\u{ad}", "\u{61c}",
        "\u{200b}", "\u{200e}", "\u{202a}", "\u{202e}", "\u{2028}", "\u{2029}", "\u{2066}",
        "\u{2069}", "\u{feff}", "\u{e000}", "\u{e0001}", "\u{e0041}", "\u{e007f}",
    ]

    @Test(arguments: ["", "kresume 6.12", "Grüße aus 東京", "מחשב", "🐧", "a\u{301}"])
    func whatIsSeenIsShown(text: String) {
        #expect(shown(text) == text)
        #expect(jsonQuoted(text) == "\"\(text)\"")
    }

    @Test(arguments: steering) func whatSteersIsWrittenOut(scalar: Unicode.Scalar) throws {
        let text = "a\(scalar)b"
        #expect(shown(text) == "a\\u{\(String(scalar.value, radix: 16))}b")
        let json = jsonQuoted(text)
        let isPlain = json.utf8.allSatisfy { (0x20..<0x7f).contains($0) }
        #expect(isPlain)
        let read = try JSONDecoder().decode([String].self, from: Data("[\(json)]".utf8))
        #expect(read == [text])
    }

    @Test func linesStay() {
        #expect(shownLines("a\n\u{1b}[2J\n\nb\n") == "a\n\\u{1b}[2J\n\nb\n")
    }
}

@Suite struct CalendarTimeTests {
    @Test(arguments: [
        (UInt64(0), "1970-01-01 00:00 UTC"), (951_782_399, "2000-02-28 23:59 UTC"),
        (951_782_400, "2000-02-29 00:00 UTC"), (1_767_225_599, "2025-12-31 23:59 UTC"),
        (4_107_542_400, "2100-03-01 00:00 UTC"), (.max, "36812-02-20 00:36 UTC"),
    ])
    func asPeopleWriteIt(seconds: UInt64, text: String) {
        #expect(calendarTime(seconds) == text)
    }
}
