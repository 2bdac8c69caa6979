// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

/// Names and values, for people and for programs.
package struct Inspection {
    enum Value {
        case text(String)
        /// Bytes, pages, or seconds since 1970-01-01 00:00 UTC, as the name says.
        case number(UInt64)
        case list([String])
    }

    private let fields: [(name: String, value: Value)]

    init(_ fields: [(name: String, value: Value)]) { self.fields = fields }

    /// One line for each, lists indented below their name.
    package var text: String {
        let width = fields.map(\.name.count).max() ?? 0
        return fields.flatMap { name, value -> [String] in
            let label = name + String(repeating: " ", count: width + 2 - name.count)
            return switch value {
            case .text(let text): [label + text]
            case .number(let number): [label + "\(number)"]
            case .list(let items): [name] + items.map { "  \($0)" }
            }
        }.joined(separator: "\n")
    }

    /// One object, its members in the same order.
    package var json: String {
        let members = fields.map { name, value in
            let json =
                switch value {
                case .text(let text): Self.quoted(text)
                case .number(let number): "\(number)"
                case .list(let items):
                    "[" + items.map(Self.quoted).joined(separator: ", ") + "]"
                }
            return "  \(Self.quoted(name)): \(json)"
        }
        return "{\n" + members.joined(separator: ",\n") + "\n}"
    }

    /// RFC 8259, section 7.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
