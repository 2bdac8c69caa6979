// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

extension X86RestoreRecord {
    /// How deep the image's page tables are, which it does not say: the one depth at which they
    /// lead from the jump address to its physical address. Also the last check of a loaded image.
    ///
    /// `page` gives the contents of a frame as loaded, or nil for one that is not in the image.
    package func pagingDepth(
        page: (PageFrame) -> [UInt8]?
    ) throws(RestoreRecordError) -> PagingDepth {
        let four = X86PageTables(root: cr3.frame, depth: .four)
            .walk(jumpAddress, to: .execute, page: page)
        let five = X86PageTables(root: cr3.frame, depth: .five)
            .walk(jumpAddress, to: .execute, page: page)
        let isFour = four.address == physicalJumpAddress
        if isFour == (five.address == physicalJumpAddress) {
            throw .entryMapping(four: four, five: five, expected: physicalJumpAddress)
        }
        return isFour ? .four : .five
    }
}
