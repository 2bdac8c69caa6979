// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import PhysicalMemory

/// Why the kernel in a stock image cannot be entered by what the image says.
package enum RestoreRecordError: ExplainedError, Hashable {
    /// Neither architecture's record. `magic` is where x86-64 has its own.
    case unknown(magic: UInt64)
    case jumpAddress(UInt64)
    case pageTableRoot(UInt64)

    // x86-64's.
    case physicalJumpAddress(PhysicalAddress)
    case memoryMapChecksum(UInt64)
    /// Not one paging depth out of two leads from the jump address to its physical address.
    case entryMapping(four: PageWalk, five: PageWalk, expected: PhysicalAddress)

    // arm64's.
    case hypervisorVectors(UInt64)
    /// Not an affinity, by which a processor is told from others.
    case affinity(UInt64)
    /// Not one number of levels out of two leads from the jump address to code.
    case noEntry(three: PageWalk, four: PageWalk)

    package var explanation: String {
        switch self {
        case .unknown(let magic):
            "the image is not one of a 64-bit x86 or arm64 kernel: where x86-64 has the magic number "
                + "\(hexadecimal(X86RestoreRecord.magic)), it has \(hexadecimal(magic))"
        case .jumpAddress(let address):
            damaged(
                "its kernel is to be entered at \(hexadecimal(address)), where no kernel's code is")
        case .pageTableRoot(let address):
            damaged("its page tables cannot begin at \(hexadecimal(address))")
        case .physicalJumpAddress(let address):
            damaged(
                "its kernel is to be entered at the physical address \(address), beyond what an "
                    + "x86-64 machine can have")
        case .memoryMapChecksum(let checksum):
            damaged("its checksum of the memory map is \(hexadecimal(checksum)), more than 32 bits")
        case .entryMapping(let four, let five, let expected):
            damaged(
                "its page tables should lead to \(expected), where its kernel is entered; as 4 "
                    + "levels they lead \(four.destination), as 5 levels \(five.destination)")
        case .hypervisorVectors(let address):
            damaged("a hypervisor's vectors cannot be at \(hexadecimal(address))")
        case .affinity(let affinity):
            damaged("no processor has the affinity \(hexadecimal(affinity))")
        case .noEntry(let three, let four):
            damaged(
                "its page tables should lead to where its kernel is entered; as 3 levels they lead "
                    + "\(three.destination), as 4 levels \(four.destination)")
        }
    }

    private func damaged(_ what: String) -> String { "the image is damaged: \(what)" }
}

extension PageWalk {
    fileprivate var destination: String { address.map { "to \($0)" } ?? "nowhere" }
}
