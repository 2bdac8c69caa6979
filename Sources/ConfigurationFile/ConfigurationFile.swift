// SPDX-License-Identifier: GPL-2.0-or-later

/// The entries of a configuration file, as kresume.conf(5) describes it: `key = value`, one a
/// line; lines that begin with `#`, and empty ones, say nothing.
///
/// A file of any contents can be read: what makes no sense is a ``Problem``, and the other lines
/// count.
public struct ConfigurationFile: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let key: String
        /// Without the blanks around it; may be empty.
        public let value: String
        /// Counted from 1.
        public let line: Int
    }

    /// A line that was skipped.
    public struct Problem: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// There is no `=`, or nothing before it.
            case noKey
            /// Control characters, or not UTF-8.
            case notText
            /// The file has more than ``sizeLimit`` bytes; nothing from this line on was read.
            case tooLarge
        }

        public let kind: Kind
        /// Counted from 1.
        public let line: Int
    }

    public internal(set) var entries: [Entry] = []
    public internal(set) var problems: [Problem] = []

    /// In bytes.
    public static let sizeLimit = 64 << 10

    public init() {}
}
