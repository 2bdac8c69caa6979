// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import LinuxPlatform
import PhysicalMemory
import Placement
import Transfer

/// From what an image asks of memory to the jump into its kernel.
///
/// Pin memory, plan, let the caller fill the pages, load the hand-off, look once more, jump.
/// Only the hand-off goes through kexec_load; the pages wait in this process's own memory, which
/// a kexec does not touch.
package final class RestoreEngine: Sendable {
    package let destinations: DestinationMap
    package let placement: Placement
    /// Where the image's pages go.
    package let places: PagePlaces
    private let machine: any Machine
    private let memory: ImageMemory
    private let runs: [IndexedRun]

    /// Plans with the memory that there is, and asks for a little more where that does not do.
    /// Meanwhile `places` get to know what is known already.
    ///
    /// - Parameter reserve: in bytes, what must be left to this kernel beside the plan.
    package init(
        _ destinations: DestinationMap, tables: IdentityMap, memory: ImageMemory, reserve: UInt64,
        on machine: any Machine, places: PagePlaces = PagePlaces()
    ) throws {
        self.destinations = destinations
        self.machine = machine
        self.memory = memory
        self.places = places
        var runs: [IndexedRun] = []
        var inPlace = PagesInPlace(destinations)
        let takeNew = {
            while case let new = try memory.runs(after: runs.count), !new.isEmpty {
                runs += new
                inPlace.add(new)
                places.update(inPlace, in: memory.pinned)
            }
        }
        try takeNew()
        let pinned = UInt64(memory.pinned.pageCount)
        // At most all runs are moved, each in as many pieces as runs of pinned memory take it: so what is
        // asked for here does, but for what nothing can be put into.
        let expected =
            destinations.dataPageCount
            + MoveList.pageCount(moves: destinations.runCount + 2 * runs.count)
        var missing = expected - min(pinned, expected)
        while true {
            let plan = Placement.size(forRuns: destinations.runCount, owned: runs.count)
            try memory.grow(by: missing, reserve: reserve + plan)
            try takeNew()
            do {
                placement = try Placement(
                    destinations, owned: runs, tables: tables, handoffLimit: HandoffCode.frameLimit)
                break
            } catch PlacementError.tooFewPages(let more) {
                missing = more
            }
        }
        self.runs = runs
        places.complete(placement.extents, in: memory.pinned)
    }

    /// Memory that the pages take now, in bytes.
    package var pinnedSize: UInt64 { memory.size }

    /// Why the kernel does not promise to leave the pages in their frames; nil where it does.
    package var pinFailure: PlatformError? { memory.pinned.pinFailure }

    /// Writes the list of moves into its pages and hands the hand-off to the kernel: only
    /// ``jump(mark:lastWord:)`` is left to do.
    package func load(_ target: JumpTarget, debugPort: UInt16) throws {
        placement.list.forEachPage { slot, bytes in
            memory.pinned.address(ofSlot: slot).copyMemory(from: bytes, byteCount: bytes.count)
        }
        let code = try HandoffCode.bytes(for: placement.handoff, to: target, debugPort: debugPort)
        let range = placement.handoff.frames.physicalRange
        try placement.handoff.bytes(code: code).withUnsafeBytes { bytes in
            try machine.loadKexec(
                entry: placement.handoff.codeAddress,
                segments: [
                    KexecSegment(buffer: bytes, memory: range.start, memorySize: range.size)
                ],
                flags: .ownArchitecture)
        }
    }

    /// Leaves this kernel.
    ///
    /// - Parameters:
    ///   - mark: writes what is to be on the disk when the jump happens. Comes before the pages
    ///     are looked at once more, for writing takes time and memory.
    ///   - lastWord: called when nothing of the engine's but the jump itself can fail any more.
    package func jump(
        mark: () throws -> Void = {}, lastWord: () throws -> Void = {}
    ) throws -> Never {
        // The pages must be mapped, and this object alive, to the very end.
        try withExtendedLifetime(self) {
            try mark()
            let moved = try memory.pinned.movedPages(since: runs)
            if moved > 0 { throw RestoreError.framesMoved(count: moved) }
            try lastWord()
            try machine.jump()
        }
        throw RestoreError.jumpReturned
    }
}
