// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

extension ProcessAccess {
    /// Throws where somebody has asked this process to end. Asked where all that was done is undone
    /// after an error; nothing that undoes asks.
    func throwIfInterrupted() throws {
        if let signal = pendingSignal() { throw MachineError.interrupted(signal) }
    }
}
