// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

/// Why a block could not be unpacked.
package enum DecompressionError: ExplainedError, Hashable {
    /// Not a block of this kind, or one that unpacks to more than `expected` bytes.
    case malformed(expected: Int)
    /// It unpacks to fewer bytes than it should.
    case size(expected: Int, found: Int)

    package var explanation: String {
        switch self {
        case .malformed(let expected):
            "it is not the packed form of \(expected) bytes"
        case .size(let expected, let found):
            "it unpacks to \(found) bytes, where \(expected) were expected"
        }
    }
}
