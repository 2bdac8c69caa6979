// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import Explanation
import HibernateLocation
import KresumeImage
import LinuxBoot
import LinuxPlatform
import Placement
import StoppedKernel
import SwsuspImage

/// The one place where errors become sentences: what was expected, what was found, and what the
/// user can do.
package func explanation(of error: any Error) -> String {
    switch error {
    case let error as any ExplainedError: error.explanation
    case let error as MachineError: sentence(error)
    case let error as ResumeError: sentence(error)
    case let error as HibernateError: sentence(error)
    case let error as SaveError: sentence(error)
    case let error as ImageError: sentence(error)
    case let error as PlacementError: sentence(error)
    case let error as BootProtocolError: sentence(error)
    case let error as CoreDumpError: "the memory of the other kernel cannot be read: \(error)"
    case let error as FreePageError: sentence(error)
    case let error as HibernateLocationError: sentence(error)
    case let error as SwsuspError: sentence(error)
    case SwsuspReadError<PlatformError>.image(let error): sentence(error)
    case SwsuspReadError<PlatformError>.device(let error): error.explanation
    case ImageReadError<PlatformError>.image(let error): sentence(error)
    case ImageReadError<PlatformError>.device(let error): error.explanation
    default: "\(error)"
    }
}
