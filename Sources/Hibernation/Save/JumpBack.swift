// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import Threads

/// The jump back into A; and where that hangs, a panic, which leads back as well.
///
/// Before the kernel jumps it shuts the devices down, and a driver may wait there for one that never
/// answers (`kernel_restart_prepare`, kernel/reboot.c; Linux 6.12). Processes still run meanwhile. A
/// panic shuts nothing down.
struct JumpBack {
    /// How long a jump may take, in milliseconds. A disk gets up to a minute to write out what it
    /// holds (`SD_FLUSH_TIMEOUT` and `SD_TIMEOUT`, drivers/scsi/sd.h; Linux 6.12).
    private static let patience = 90_000

    private let machine: any Machine
    private let milliseconds: Int
    private let alarm: Alarm?

    /// Takes now what it takes: when all else fails, there may be no memory left.
    init(on machine: any Machine, milliseconds: Int = patience) {
        self.machine = machine
        self.milliseconds = milliseconds
        alarm = machine.isCrashKernelLoaded ? Alarm { try? machine.panic() } : nil
    }

    /// Throws only where the jump failed; another one may be tried.
    func take() throws(PlatformError) {
        alarm?.set(milliseconds: milliseconds)
        defer { alarm?.cancel() }
        try machine.jump()
    }
}
