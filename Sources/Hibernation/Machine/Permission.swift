// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// Whether this process may do what only root may, and this kernel lets it.
enum Permission {
    static func requireRoot(_ machine: any KernelFacts) throws {
        let needed: Capabilities = [.systemAdministration, .systemBoot]
        guard try machine.capabilities().isSuperset(of: needed) else {
            throw MachineError.notRoot
        }
    }

    /// Asks the kernel whether a load with these flags would be allowed, and if not, why.
    static func requireKexec(_ flags: Kexec.Flags, _ machine: any Machine) throws {
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
