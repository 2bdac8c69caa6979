// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// What the original kernel says of itself and of the machine before it hibernates.
package struct MachineRecord: Hashable, Sendable {
    package var system: SystemDescription
    package var memoryMap: MemoryMap
    package var invariants: Invariants
    package var jump: JumpRecord

    package init(
        system: SystemDescription, memoryMap: MemoryMap, invariants: Invariants, jump: JumpRecord
    ) {
        self.system = system
        self.memoryMap = memoryMap
        self.invariants = invariants
        self.jump = jump
    }
}

extension MachineRecord {
    init(_ sections: StoredSections) throws(ImageError) {
        system = try sections.parse(.system, SystemDescription.init(parsing:))
        memoryMap = try sections.parse(.memoryMap, MemoryMap.init(parsing:))
        invariants = try sections.parse(.invariants, Invariants.init(parsing:))
        jump = try sections.parse(.jump, JumpRecord.init(parsing:))
    }

    /// The frames of which an image of this machine may have contents.
    func memory(withACPIData: Bool) -> FrameSet {
        withACPIData ? memoryMap.ram.union(memoryMap.acpiData ?? FrameSet()) : memoryMap.ram
    }

    /// What can be checked without the runs.
    func validate() throws(ImageError) {
        let ram = memoryMap.ram
        guard !jump.saverRegion.isEmpty, ram.contains(jump.saverRegion) else {
            throw .saverRegion(jump.saverRegion)
        }
        if let page = jump.messagePage {
            guard page.rawValue.isMultiple(of: 4096), ram.contains(page.frame),
                !jump.saverMemory.contains(page.frame)
            else { throw .messagePage(page) }
        }
    }
}
