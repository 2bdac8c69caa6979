// SPDX-License-Identifier: GPL-2.0-or-later

/// A JSON object (RFC 8259) whose members are strings, numbers, and the three words; none of them
/// is an object or an array. Of members with the same name the last one counts.
struct JSONObject {
    private enum Value {
        case string(String)
        /// As it stands there; also `true`, `false` and `null`.
        case other(String)
    }

    private var members: [String: Value] = [:]

    func string(_ name: String) -> String? {
        if case .string(let text) = members[name] { text } else { nil }
    }

    /// A whole number that is not negative.
    func number(_ name: String) -> UInt64? {
        guard case .other(let text) = members[name], text.utf8.first.map(isDigit) == true else {
            return nil
        }
        return UInt64(text)
    }

    init(parsing text: String) throws(HibernateLocationError) {
        var reader = Reader(bytes: Array(text.utf8))
        try reader.expect("{")
        if !reader.skip("}") {
            repeat {
                let name = try reader.string()
                try reader.expect(":")
                members[name] =
                    reader.isAtString ? .string(try reader.string()) : .other(try reader.word())
            } while reader.skip(",")
            try reader.expect("}")
        }
        guard reader.isAtEnd else { throw .notJSON(offset: reader.offset) }
    }
}

private struct Reader {
    let bytes: [UInt8]
    private(set) var offset = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private var error: HibernateLocationError { .notJSON(offset: offset) }

    private mutating func skipBlanks() {
        while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { offset += 1 }
    }

    var isAtString: Bool {
        mutating get {
            skipBlanks()
            return next == UInt8(ascii: "\"")
        }
    }

    var isAtEnd: Bool {
        mutating get {
            skipBlanks()
            return next == nil
        }
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(HibernateLocationError) {
        if !skip(character) { throw error }
    }

    /// A number or one of the words; which one, the caller finds out.
    mutating func word() throws(HibernateLocationError) -> String {
        skipBlanks()
        let start = offset
        while let byte = next, isDigit(byte) || isLetter(byte) || "+-.".utf8.contains(byte) {
            offset += 1
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        let isNumber = text.utf8.first.map { isDigit($0) || $0 == UInt8(ascii: "-") } == true
        guard isNumber || ["true", "false", "null"].contains(text) else {
            throw .notJSON(offset: start)
        }
        return text
    }

    mutating func string() throws(HibernateLocationError) -> String {
        try expect("\"")
        var units: [UInt16] = []
        var plain: [UInt8] = []
        // The text was UTF-8 as a whole, so a piece between two ASCII characters is, too.
        func flushed() -> [UInt16] { Array(String(decoding: plain, as: UTF8.self).utf16) }
        while let byte = next, byte >= 0x20 {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                units += flushed()
                guard let text = String(validating: units, as: UTF16.self) else { throw error }
                return text
            case UInt8(ascii: "\\"):
                units += flushed()
                plain = []
                units.append(try escape())
            default: plain.append(byte)
            }
        }
        throw error
    }

    /// What follows a backslash.
    private mutating func escape() throws(HibernateLocationError) -> UInt16 {
        guard let byte = next else { throw error }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0c
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "r"): return 0x0d
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"):
            var unit: UInt16 = 0
            for _ in 0..<4 {
                let digit = next.flatMap { Character(UnicodeScalar($0)).hexDigitValue }
                guard let digit else { throw error }
                unit = unit << 4 | UInt16(digit)
                offset += 1
            }
            return unit
        default: throw error
        }
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }
