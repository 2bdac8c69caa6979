// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SaverPlan

/// How a save ended that did not switch the machine off.
enum Ending {
    case failed(String)
    case cancelled(CancelKey)
    /// With a ``TestResult``.
    case tested(String)
    /// The machine has slept with its memory kept, and the image is dropped.
    case awake

    /// What A is to read.
    var message: MessagePage {
        switch self {
        case .failed(let reason): MessagePage(.failed, reason)
        case .cancelled(let key): MessagePage(.cancelled, key.name)
        case .tested(let result): MessagePage(.tested, result)
        case .awake: MessagePage(.awake)
        }
    }

    func tell(_ report: Report) {
        switch self {
        case .failed(let reason): report.fail("the image was not saved: \(reason); going back")
        case .cancelled(let key): report.note("cancelled by \(key.name); going back")
        case .tested: report.note("tested; going back")
        case .awake: report.note("awake, and the image is dropped; going back")
        }
    }
}
