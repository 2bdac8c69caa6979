// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// What the running kernel is known to do wrong, by its version. A distribution may have mended it
/// in an older one.
enum KernelDefect: Hashable, CaseIterable {
    /// A driver refuses to be stopped, and the devices that were stopped before it stay so: Linux
    /// kernel commit 996afb6efd1a ("kexec_core: Fix error code path in the KEXEC_JUMP flow") (in
    /// v6.17, and in v6.16.1).
    case leavesDevicesStopped

    /// None where the version cannot be told.
    static func all(of release: String) -> [KernelDefect] {
        guard let version = KernelVersion(release: release) else { return [] }
        return allCases.filter { version < $0.mended }
    }

    private var mended: KernelVersion {
        switch self {
        case .leavesDevicesStopped: KernelVersion(6, 16, 1)
        }
    }

    var explanation: String {
        switch self {
        case .leavesDevicesStopped:
            "kernels before \(mended) do not start devices again that they have stopped, where "
                + "another one refuses to be stopped: then save your work and restart the machine"
        }
    }
}
