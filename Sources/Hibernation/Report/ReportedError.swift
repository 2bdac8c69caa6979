// SPDX-License-Identifier: GPL-2.0-or-later

/// An error that the user has been told already.
package struct ReportedError: Error {
    package let reason: any Error

    init(_ reason: any Error) { self.reason = reason }
}
