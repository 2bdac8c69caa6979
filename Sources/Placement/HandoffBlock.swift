// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// The pages of ``Placement/handoff``: one page of code, the page tables, the moves.
extension Placement {
    /// The hand-off code's own page.
    package var codeAddress: PhysicalAddress { handoff.lower.address }

    /// CR3 for 4-level paging.
    package var topTable4: PhysicalAddress { table(IdentityMap.topTable4) }

    /// CR3 for 5-level paging.
    package var topTable5: PhysicalAddress { table(IdentityMap.topTable5) }

    /// The first of ``moves``.
    package var movesAddress: PhysicalAddress { table(tables.tableCount) }

    /// All bytes of the block, the code's page first.
    ///
    /// - Parameter code: the hand-off code with its parameters filled in, at most a page.
    package func serializedHandoff(code: [UInt8]) -> [UInt8] {
        precondition(code.count <= PageFrame.size, "the hand-off code fits one page")
        var bytes = code + [UInt8](repeating: 0, count: PageFrame.size - code.count)
        bytes.reserveCapacity(Int(handoff.count) * PageFrame.size)
        for word in tables.serialized(at: table(0)) { bytes.append(littleEndian: word) }
        for move in moves { for word in move.words { bytes.append(littleEndian: word) } }
        let size = Int(handoff.count) * PageFrame.size
        return bytes + [UInt8](repeating: 0, count: size - bytes.count)
    }

    private func table(_ number: Int) -> PhysicalAddress {
        (handoff.lower + UInt64(1 + number)).address
    }
}
