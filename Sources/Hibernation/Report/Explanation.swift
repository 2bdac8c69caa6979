// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import SystemPackage

/// The sentence for any error. Each has its own beside its case; what is neither ours nor the
/// kernel's has none.
package func explanation(of error: any Error) -> String {
    switch error {
    case let error as any ExplainedError: error.explanation
    case let error as Errno: error.description
    default: "\(error)"
    }
}
