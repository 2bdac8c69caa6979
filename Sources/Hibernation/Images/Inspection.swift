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
            case .text(let text): [label + shown(text)]
            case .number(let number): [label + "\(number)"]
            case .list(let items): [name] + items.map { "  \(shown($0))" }
            }
        }.joined(separator: "\n")
    }

    /// One object, its members in the same order.
    package var json: String {
        let members = fields.map { name, value in
            let json =
                switch value {
                case .text(let text): jsonQuoted(text)
                case .number(let number): "\(number)"
                case .list(let items):
                    "[" + items.map(jsonQuoted).joined(separator: ", ") + "]"
                }
            return "  \(jsonQuoted(name)): \(json)"
        }
        return "{\n" + members.joined(separator: ",\n") + "\n}"
    }
}
