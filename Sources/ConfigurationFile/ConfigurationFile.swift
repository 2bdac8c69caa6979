// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

/// The entries of a configuration file, as kresume.conf(5) describes it: `key = value`, one a
/// line; lines that begin with `#`, and empty ones, say nothing.
///
/// A file of any contents can be read: what makes no sense is a ``Problem``, and the other lines
/// count.
package struct ConfigurationFile: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let key: String
        /// Without the blanks around it; may be empty.
        package let value: String
        /// Counted from 1.
        package let line: Int
    }

    /// A line that was skipped.
    package struct Problem: ExplainedError, Hashable {
        package enum Kind: Hashable, Sendable {
            /// There is no `=`, or nothing before it.
            case noKey
            /// Control characters, or not UTF-8.
            case notText
            /// The file has more than ``sizeLimit`` bytes; nothing from this line on was read.
            case tooLarge
        }

        package let kind: Kind
        /// Counted from 1.
        package let line: Int

        /// Of this line.
        package var explanation: String {
            switch kind {
            case .noKey: "this is not KEY = VALUE"
            case .notText: "this is not text in UTF-8"
            case .tooLarge:
                "the file has more than \(ConfigurationFile.sizeLimit) bytes, and the rest is not "
                    + "read"
            }
        }
    }

    package internal(set) var entries: [Entry] = []
    package internal(set) var problems: [Problem] = []

    /// In bytes.
    package static let sizeLimit = 64 << 10

    package init() {}
}
