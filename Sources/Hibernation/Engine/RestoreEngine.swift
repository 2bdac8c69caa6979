// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Placement

/// From what an image asks of memory to the jump into its kernel.
///
/// Pin memory, plan, let the caller fill the pages, load the hand-off, look once more, jump.
/// Only the hand-off goes through kexec_load; the pages wait in this process's own memory, which
/// a kexec does not touch.
final class RestoreEngine {
    let demand: Demand
    let placement: Placement
    /// From before the first frame is asked for until the jump.
    private let quiet: QuietMemory
    private let memory: PinnedMemory
    private let runs: [PinnedMemory.Run]

    /// What the restore kernel needs for itself while it loads: below this it may deadlock.
    private static let reserve: UInt64 = 40 << 20

    /// Pins as much memory as the image has data, and a little more where that does not do.
    init(_ demand: Demand, tables: IdentityMap, handoffLimit: PageFrame) throws {
        self.demand = demand
        quiet = try QuietMemory()
        let capacity = Int(demand.dataPageCount) * 2 + (512 << 20) / PageFrame.size
        memory = try PinnedMemory(pageCapacity: capacity)
        var missing = demand.dataPageCount
        while true {
            if missing > 0 { try Self.grow(memory, by: missing) }
            let runs = try memory.runs()
            let owned = runs.map { IndexedRun($0.frames, firstIndex: $0.firstSlot) }
            do {
                placement = try Placement(
                    demand, owned: owned, tables: tables, handoffLimit: handoffLimit)
                self.runs = runs
                return
            } catch PlacementError.tooFewPages(let more) {
                missing = more
            }
        }
    }

    /// Memory that the pages take now, in bytes.
    var pinnedSize: UInt64 { UInt64(memory.pageCount) * UInt64(PageFrame.size) }

    /// Where the image's pages go.
    var places: PagePlaces {
        PagePlaces(placement.pieces, base: memory.address(ofSlot: 0))
    }

    /// Loads the hand-off and leaves this kernel. After an error nothing is loaded any more.
    ///
    /// - Parameter lastWord: what is to be on the disk when the jump happens. Called when nothing
    ///   but the jump itself can fail any more.
    func jump(
        to target: JumpTarget, debugPort: UInt16, lastWord: () throws -> Void
    ) throws -> Never {
        let code = HandoffCode.bytes(for: placement, to: target, debugPort: UInt32(debugPort))
        try load(placement.serializedHandoff(code: code))
        do {
            try lastWord()
            // The pages must be mapped, and this object alive, to the very end.
            try withExtendedLifetime(self) {
                let moved = try memory.movedPages(since: runs)
                if moved > 0 { throw ResumeError.framesMoved(count: moved) }
                try Kexec.execute()
            }
            throw ResumeError.jumpReturned
        } catch {
            try Kexec.unload()
            throw error
        }
    }

    private func load(_ block: [UInt8]) throws {
        let memory = placement.handoff.physicalRange
        try block.withUnsafeBytes { bytes in
            try Kexec.load(
                entry: placement.codeAddress,
                segments: [
                    KexecSegment(buffer: bytes, memory: memory.start, memorySize: memory.size)
                ],
                flags: .longMode)
        }
    }

    private static func grow(_ memory: PinnedMemory, by pages: UInt64) throws {
        let needed = pages * UInt64(PageFrame.size)
        let available = try MemoryInfo.current().available
        guard needed + reserve <= available else {
            throw ResumeError.notEnoughMemory(
                needed: UInt64(memory.pageCount * PageFrame.size) + needed + reserve,
                available: UInt64(memory.pageCount * PageFrame.size) + available)
        }
        try memory.grow(byPages: Int(pages))
    }
}
