// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import LinuxPlatform

/// What a stock image asks of an arm64 machine. The kernel asks for the first of it
/// (`arch_hibernation_header_restore`, arch/arm64/kernel/hibernate.c, Linux 6.1 and 6.12).
extension StockImage {
    static func requireSameKernel(
        _ record: ARM64RestoreRecord, _ machine: any Machine
    ) throws {
        // Registers that the image's kernel does not set when it goes on are left as this one has them.
        let here = try machine.kernel().version
        guard here == record.version else {
            throw ResumeError.otherKernelVersion(image: record.version, here: here)
        }
        // `hyp_mode_check`, arch/arm64/kernel/smp.c, says where: nothing else shows it.
        guard record.hypervisorVectors == nil,
            try machine.logContains("CPU: All CPU(s) started at EL1")
        else {
            throw ResumeError.startedAtEL2
        }
        _ = try processor(of: record, machine)
    }

    /// The number that this kernel has given to the processor that hibernated.
    static func processor(
        of record: ARM64RestoreRecord, _ machine: any Machine
    ) throws -> Int {
        guard let number = try machine.processor(withAffinity: record.affinity) else {
            throw ResumeError.noSuchProcessor(affinity: record.affinity)
        }
        return number
    }
}
