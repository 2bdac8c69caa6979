// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

/// An error that the user has been told already.
package struct ReportedError: ExplainedError {
    package let reason: any Error

    package init(_ reason: any Error) { self.reason = reason }

    package var explanation: String { Hibernation.explanation(of: reason) }
}
