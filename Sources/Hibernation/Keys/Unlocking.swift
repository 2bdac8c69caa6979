// SPDX-License-Identifier: GPL-2.0-or-later

import KeyFiles
import LinuxPlatform
import Sealing
import SystemPackage
import Threads

/// A sealed image's key while it is being asked for, beside other work. Nobody is asked any more when
/// this is gone.
final class Unlocking: Sendable {
    private let isUnwanted: Cancellation
    private let asking: Future<Void>

    /// - Parameter unlock: told the key; or else ``ResumableImage/giveUp(_:)``.
    init(
        _ path: FilePath, _ file: OpeningKeyFile, for image: any ResumableImage,
        _ machine: any Machine, _ report: Report
    ) {
        let isUnwanted = Cancellation()
        let unlock = UnlockKey(machine: machine, report: report) { isUnwanted.isCancelled }
        self.isUnwanted = isUnwanted
        asking = Future {
            do { try image.unlock(unlock.run(path, file)) } catch { image.giveUp(error) }
        }
    }

    deinit { isUnwanted.cancel() }
}
