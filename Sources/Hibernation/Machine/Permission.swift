// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import Restore
import SystemPackage

/// Whether this process may do what only root may, and this kernel lets it.
package enum Permission {
    /// What the kernel shows of the machine, and the devices: in a bare shell of an initramfs neither may
    /// be there. Without /proc no program in Swift gets as far as this.
    package static func requireMounts(_ machine: any DeviceAccess) throws {
        for (file, path, command) in [
            ("/sys/kernel", "/sys", "mount -t sysfs sys /sys"),
            ("/dev/null", "/dev", "mount -t devtmpfs dev /dev"),
        ] as [(FilePath, FilePath, String)] where !machine.exists(file) {
            throw MachineError.notMounted(path, command: command)
        }
    }

    static func requireRoot(_ machine: any KernelFacts) throws {
        let needed: Capabilities = [.systemAdministration, .systemBoot]
        guard try machine.capabilities().isSuperset(of: needed) else {
            throw MachineError.notRoot
        }
    }

    /// Asks the kernel whether a load with these flags would be allowed, and if not, why.
    static func requireKexec(_ flags: Kexec.Flags, _ machine: any Machine) throws {
        if flags.contains(.preserveContext) { _ = try KexecJumpCode.required() }
        switch try machine.kexecSupport(flags) {
        case .supported, .counted: return
        case .unknownFlag: throw MachineError.noKexecJump
        case .notBuilt: throw MachineError.noKexec
        case .other(let error): throw MachineError.kexecRefused(error)
        case .notPermitted:
            if try machine.sysctl("kernel/kexec_load_disabled") == "1" {
                throw MachineError.kexecDisabled
            }
            if try machine.lockdown() != .off { throw MachineError.lockedDown }
            throw MachineError.kexecRefused(.notPermitted)
        }
    }
}
