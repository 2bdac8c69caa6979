// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

/// What is wrong with the variable, to be said of "it".
package enum HibernateLocationError: ExplainedError, Hashable, Sendable {
    /// In bytes.
    case size(Int)
    /// Not UTF-16.
    case notText
    /// It is not an object of strings, numbers and words as of this byte of the text in UTF-8.
    case notJSON(offset: Int)
    /// This member is missing, or is not of its type.
    case member(String)

    package var explanation: String {
        switch self {
        case .size(let size):
            "it has \(size) bytes, not an even number from 6 to \(HibernateLocation.sizeLimit)"
        case .notText: "it is not text in UTF-16"
        case .notJSON(let offset):
            "it is not the JSON that systemd writes, from byte \(offset) on"
        case .member(let name): "its member \(name) is missing or makes no sense"
        }
    }
}
