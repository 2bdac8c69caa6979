// SPDX-License-Identifier: GPL-2.0-or-later

/// An error that a user can be told.
///
/// There is no default: whoever adds a case has to write its sentence, for the compiler asks for it.
package protocol ExplainedError: Error {
    /// What was expected, what was found, and what the user can do; without a full stop.
    var explanation: String { get }
}

/// For what cannot fail.
extension Never: ExplainedError {
    package var explanation: String { switch self {} }
}
