// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

extension ARM64RestoreRecord {
    /// How many levels the image's page tables have: the number with which they lead from the jump address
    /// to code that begins as `_cpu_resume` does. The image has no physical address to compare with.
    func pagingDepth(
        page: (PageFrame) -> [UInt8]?
    ) throws(RestoreRecordError) -> ARM64PageTables.Depth {
        let candidates = ARM64PageTables.Depth.allCases.map {
            ARM64PageTables(root: tables.frame, depth: $0)
        }
        let leading = candidates.filter { leadsToEntry($0, page) }
        guard leading.count == 1 else {
            let walks = candidates.map { $0.walk(jumpAddress, page: page) }
            throw .noEntry(three: walks[0], four: walks[1])
        }
        return leading[0].depth
    }

    /// Whether `mrs x1, mpidr_el1` is there, with which `_cpu_resume` begins to look for what it has saved,
    /// after `bti c` and, in 6.12, a look at EL2 (arch/arm64/kernel/sleep.S).
    private func leadsToEntry(
        _ tables: ARM64PageTables, _ page: (PageFrame) -> [UInt8]?
    ) -> Bool {
        let readAffinity: UInt32 = 0xd538_00a1
        let distances = stride(from: UInt64(0), to: 6 * 4, by: 4)
        return distances.contains { distance in
            let walk = tables.walk(jumpAddress &+ distance, page: page)
            guard let place = walk.address, let bytes = page(place.frame) else { return false }
            let offset = Int(place.rawValue % UInt64(PageFrame.size))
            return bytes.integer(at: offset, as: UInt32.self) == readAffinity
        }
    }

    func target(page: (PageFrame) -> [UInt8]?) throws(RestoreRecordError) -> ARM64JumpTarget {
        ARM64JumpTarget(
            entry: jumpAddress, tables: tables,
            addressBits: try pagingDepth(page: page).addressBits, affinity: affinity)
    }
}
