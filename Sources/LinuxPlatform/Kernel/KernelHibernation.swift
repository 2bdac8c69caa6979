// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import Synchronization
import SystemPackage

/// Whether the kernel would hibernate the machine by itself.
package enum KernelHibernation: Hashable, Sendable {
    /// It has no hibernation.
    case absent
    case possible
    /// For one of four reasons: it was told so at its start, it is locked down, secret memory is in
    /// use, or memory on CXL is. It shows the last one alone. Source: `hibernation_available`,
    /// kernel/power/hibernate.c, Linux 6.12.
    case disabled(hasCXLMemory: Bool)

    package static func current(
        sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> KernelHibernation {
        guard let modes = try SystemFile.lineIfPresent(sysfs.appending("power/disk")) else {
            return .absent
        }
        guard modes == "[disabled]" else { return .possible }
        let devices = (try? SystemFile.names(in: sysfs.appending("bus/cxl/devices"))) ?? []
        return .disabled(hasCXLMemory: devices.contains { $0.hasPrefix("mem") })
    }
}

/// As long as this is there, drivers are prepared for hibernation.
package protocol DriverNotice: AnyObject, Sendable {
    /// They may go on.
    func end()
}

/// The kernel's own device for hibernation by a program.
///
/// Opening it for reading calls the kernel's power management notifiers with PM_HIBERNATION_PREPARE,
/// closing it, also at the process's end, those with PM_POST_HIBERNATION; nothing else happens then.
/// Source: `snapshot_open`, `snapshot_release`, kernel/power/user.c, Linux 6.12.
final class SnapshotDevice: DriverNotice {
    static let path: FilePath = "/dev/snapshot"

    private let descriptor: Mutex<OwnedDescriptor?>

    /// Throws EPERM where hibernation is ``KernelHibernation/disabled(hasCXLMemory:)``, EBUSY while
    /// somebody else hibernates, ENOENT or ENODEV without CONFIG_HIBERNATION; anything, these too,
    /// where a driver refuses.
    init(path: FilePath = SnapshotDevice.path) throws(PlatformError) {
        descriptor = Mutex(try OwnedDescriptor(open: path, O_RDONLY))
    }

    func end() { descriptor.withLock { $0 = nil } }
}
