// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import SystemPackage

/// What stands in the way on this machine, whichever the workflow.
enum MachineError: ExplainedError {
    case notMounted(FilePath, command: String)
    case notRoot
    case lockedDown
    case kexecDisabled
    case noKexec
    case noKexecJump
    case kexecRefused(Errno)
    case noSuchDevice(DeviceSpecification)
    case ambiguousDevice(DeviceSpecification, [FilePath])
    /// What is there in its place.
    case resumeOffset(String)
    /// The firmware's memory map is not in /sys/firmware/memmap.
    case noFirmwareMap
    /// Another kresume, by its process number.
    case alreadyRunning(Int32)
    /// Somebody asked this process to end.
    case interrupted(Signal)

    var explanation: String {
        switch self {
        case .notMounted(let path, let command): "\(path) is not mounted: \(command)"
        case .notRoot: "this needs root (CAP_SYS_BOOT and CAP_SYS_ADMIN)"
        case .lockedDown:
            "the kernel is locked down (Secure Boot?) and refuses kexec_load: see "
                + "/sys/kernel/security/lockdown"
        case .kexecDisabled:
            "kexec_load is turned off until the next boot (sysctl kernel.kexec_load_disabled)"
        case .noKexec: "this kernel has no kexec (CONFIG_KEXEC)"
        case .noKexecJump:
            "this kernel cannot be jumped back into (it has no CONFIG_KEXEC_JUMP)"
        case .kexecRefused(let number): "the kernel refuses kexec_load: \(number)"
        case .noSuchDevice(let device): "there is no device \(device)"
        case .ambiguousDevice(let device, let paths):
            "\(device) is on \(list(paths)): name one of them by its path"
        case .resumeOffset(let text):
            "\(Self.noNumber(text)) (of a swap file, filefrag -v tells it; on btrfs, btrfs "
                + "inspect-internal map-swapfile -r)"
        case .noFirmwareMap:
            "this kernel does not show the firmware's memory map (CONFIG_FIRMWARE_MEMMAP)"
        case .alreadyRunning(let number):
            "another kresume is at work (process \(number)): wait for it, or end it first"
        case .interrupted(let signal): "interrupted by \(signal.name)"
        }
    }

    /// Without what to do.
    static func noNumber(_ offset: String) -> String {
        "resume_offset=\(offset) is not a number of pages"
    }
}
