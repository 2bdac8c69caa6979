// SPDX-License-Identifier: GPL-2.0-or-later

extension Unicode.Scalar {
    /// Whether a screen shows it where it stands, and nothing else happens: no control character, no
    /// end of a line or paragraph, nothing that turns the direction of writing or is not seen at all.
    var isShown: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            false
        default: true
        }
    }
}

/// A text as it may be shown to people, whoever wrote it: what is not seen, or would steer a terminal,
/// is written as `\u{202e}`.
package func shown(_ text: String) -> String {
    guard !text.unicodeScalars.allSatisfy(\.isShown) else { return text }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
        if scalar.isShown {
            result.unicodeScalars.append(scalar)
        } else {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
}

/// The same for a text of several lines.
package func shownLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { shown(String($0)) }
        .joined(separator: "\n")
}
