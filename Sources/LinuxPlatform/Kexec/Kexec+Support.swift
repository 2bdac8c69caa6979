// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import SystemPackage

extension Kexec {
    /// What the kernel says to a load with given flags.
    package enum Support: Hashable, Sendable {
        case supported
        /// EPERM: no CAP_SYS_BOOT, the sysctl kexec_load_disabled, lockdown, or another security
        /// module. ``Capabilities``, ``Sysctl`` and ``Lockdown`` tell which.
        case notPermitted
        /// EINVAL: this kernel does not know one of the flags, such as
        /// ``Flags/preserveContext`` without CONFIG_KEXEC_JUMP.
        case unknownFlag
        /// ENOSYS: built without CONFIG_KEXEC.
        case notBuilt
        /// The administrator lets so many more loads happen (sysctl kexec_load_limit_reboot), and
        /// asking would use one up.
        case counted(Int)
        case other(Errno)
    }

    /// Whether a kernel is loaded that a panic jumps to. False where that is not known.
    package static var isCrashKernelLoaded: Bool {
        (try? SystemFile.lineIfPresent("/sys/kernel/kexec_crash_loaded")) == "1"
    }

    /// Asks without loading anything: with one segment described at an address that cannot be read.
    ///
    /// The kernel checks permission, then the flags, then the architecture, and only then reads
    /// the list of segments: EFAULT means that all before was accepted. What was loaded stays.
    /// Source: `kexec_load_check` and `kexec_load`, kernel/kexec.c; `kexec_load_permitted`,
    /// kernel/kexec_core.c, which counts; Linux 6.12.
    package static func support(_ flags: Flags) throws(PlatformError) -> Support {
        if let limit = try Sysctl.value("kernel/kexec_load_limit_reboot").flatMap({ Int($0) }),
            limit >= 0
        {
            return limit == 0 ? .notPermitted : .counted(limit)
        }
        // The last page of the address space belongs to the kernel.
        let unreadable = UnsafePointer<kexec_segment>(bitPattern: UInt(bitPattern: -4096))
        do throws(PlatformError) {
            try systemCall(.kexecLoad) { linux_kexec_load(0, 1, unreadable, flags.rawValue) }
            return .supported
        } catch {
            guard case .call(_, _, let number) = error else { throw error }
            return switch number {
            case .badAddress: .supported
            case .notPermitted: .notPermitted
            case .invalidArgument: .unknownFlag
            case .noFunction: .notBuilt
            default: .other(number)
            }
        }
    }
}
