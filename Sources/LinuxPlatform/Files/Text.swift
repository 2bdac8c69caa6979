// SPDX-License-Identifier: GPL-2.0-or-later

extension StringProtocol {
    /// Without the blanks and line feeds around it.
    var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\n" || $0 == "\t" }
        let head = drop(while: isBlank)
        guard let last = head.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(head[...last])
    }

    /// With `\040` and its like read back as bytes.
    ///
    /// Source: `mangle_path`, fs/seq_file.c, Linux 6.12: a backslash and three octal digits for
    /// blanks, line feeds and backslashes in a path.
    package var octalUnescaped: String {
        let bytes = Array(utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\"), index + 3 < bytes.count,
                let byte = UInt8(
                    String(decoding: bytes[(index + 1)...(index + 3)], as: UTF8.self), radix: 8)
            {
                result.append(byte)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// A number as the kernel prints it with `%#x`, or bare with `%x`.
    var hexadecimal: UInt64? {
        let digits = hasPrefix("0x") ? dropFirst(2) : self[...]
        guard digits.first?.isHexDigit == true else { return nil }
        return UInt64(digits, radix: 16)
    }
}

extension UInt64 {
    /// As the kernel prints it with `%#x`.
    var hex: String { "0x" + String(self, radix: 16) }
}
