// SPDX-License-Identifier: GPL-2.0-or-later

/// A text as JSON has it, with its quotation marks: RFC 8259, section 7. What a screen would not show
/// is escaped as well, for JSON is also looked at.
package func jsonQuoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.isShown: result.unicodeScalars.append(scalar)
        default:
            // Above 0xffff in two units of UTF-16.
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }
    return result + "\""
}
