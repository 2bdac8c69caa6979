// SPDX-License-Identifier: GPL-2.0-or-later

/// A command line cut as the kernel does it, statement by statement: `next_arg`, lib/cmdline.c, and
/// `parse_args`, kernel/params.c, Linux 6.12.
struct KernelsWords {
    private(set) var words: [(name: String, value: String?)] = []

    private static let quote = UInt8(ascii: "\"")
    private static let equals = UInt8(ascii: "=")

    init(of text: String) {
        // With the zero at the end of a C string.
        let bytes = text.utf8.prefix { $0 != 0 } + [0]
        var position = Self.skippedSpaces(bytes, 0)
        while bytes[position] != 0 {
            let word = Self.word(bytes, &position)
            if word.name == "--", word.value == nil { return }
            words.append(word)
        }
    }

    private static func word(
        _ bytes: [UInt8], _ position: inout Int
    ) -> (name: String, value: String?) {
        var text = Array(bytes[position...])
        let isQuoted = text[0] == quote
        var isInQuote = isQuoted
        if isQuoted { text.removeFirst() }
        var equalsPlace = 0
        var end = 0
        while text[end] != 0, isInQuote || !isSpace(text[end]) {
            if equalsPlace == 0, text[end] == equals { equalsPlace = end }
            if text[end] == quote { isInQuote.toggle() }
            end += 1
        }
        position = skippedSpaces(bytes, position + end + (isQuoted ? 1 : 0))
        text = Array(text[..<end]) + [0]
        var valueStart: Int?
        if equalsPlace != 0 {
            text[equalsPlace] = 0
            var start = equalsPlace + 1
            if text[start] == quote {
                start += 1
                if text[end - 1] == quote { text[end - 1] = 0 }
            }
            valueStart = start
        }
        if isQuoted, end > 0, text[end - 1] == quote { text[end - 1] = 0 }
        return (string(text, 0), valueStart.map { string(text, $0) })
    }

    private static func string(_ text: [UInt8], _ start: Int) -> String {
        String(decoding: text[start...].prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func skippedSpaces(_ bytes: [UInt8], _ start: Int) -> Int {
        bytes[start...].firstIndex { !isSpace($0) } ?? start
    }

    /// Not U+00A0 in ISO 8859-1, which the kernel takes for a space, too: in UTF-8 the byte is a
    /// part of letters.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
