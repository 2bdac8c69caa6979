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

    /// Pins as much memory as the image has data, and a little more where that does not do.
    ///
    /// - Parameter reserve: in bytes, what must be left to this kernel.
    init(_ demand: Demand, tables: IdentityMap, reserve: UInt64) throws {
        self.demand = demand
        quiet = try QuietMemory()
        let capacity = Int(demand.dataPageCount) * 2 + (512 << 20) / PageFrame.size
        memory = try PinnedMemory(pageCapacity: capacity)
        var missing = demand.dataPageCount
        while true {
            if missing > 0 { try Self.grow(memory, by: missing, reserve: reserve) }
            let runs = try memory.runs()
            let owned = runs.map { IndexedRun($0.frames, firstIndex: $0.firstSlot) }
            do {
                placement = try Placement(
                    demand, owned: owned, tables: tables, handoffLimit: .belowFourGiB)
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

    /// Hands the hand-off to the kernel: only ``jump(lastWord:)`` is left to do.
    func load(_ target: JumpTarget, debugPort: UInt16) throws {
        let code = HandoffCode.bytes(for: placement, to: target, debugPort: UInt32(debugPort))
        let range = placement.handoff.physicalRange
        try placement.serializedHandoff(code: code).withUnsafeBytes { bytes in
            try Kexec.load(
                entry: placement.codeAddress,
                segments: [
                    KexecSegment(buffer: bytes, memory: range.start, memorySize: range.size)
                ],
                flags: .longMode)
        }
    }

    /// Leaves this kernel.
    ///
    /// - Parameter lastWord: what is to be on the disk when the jump happens. Called when nothing
    ///   but the jump itself can fail any more.
    func jump(lastWord: () throws -> Void) throws -> Never {
        // The pages must be mapped, and this object alive, to the very end.
        try withExtendedLifetime(self) {
            try lastWord()
            let moved = try memory.movedPages(since: runs)
            if moved > 0 { throw ResumeError.framesMoved(count: moved) }
            try Kexec.execute()
        }
        throw ResumeError.jumpReturned
    }

    private static func grow(
        _ memory: PinnedMemory, by pages: UInt64, reserve: UInt64
    ) throws {
        let pinned = UInt64(memory.pageCount * PageFrame.size)
        let needed = pages * UInt64(PageFrame.size) + reserve
        let available = try MemoryInfo.current().available
        guard needed <= available else {
            throw ResumeError.notEnoughMemory(
                needed: pinned + needed, available: pinned + available)
        }
        try memory.grow(byPages: Int(pages))
    }
}

extension PageFrame {
    /// The hand-off changes the paging depth in 32-bit mode.
    fileprivate static let belowFourGiB = PageFrame(1 << 20)
}
