// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Threads
import Transfer

/// The memory in which an image's pages wait, with all that keeps its frames what they are, from
/// before the first of them is asked for until the jump. It is pinned in steps, in the background,
/// so that what there is of it can be used while the rest is still to come.
package final class ImageMemory: Sendable {
    private struct Progress {
        /// In the order of the slots; no frame is in two of them.
        var runs: [IndexedRun] = []
        var frames = FrameSet()
        var end: Result<Void, any Error>?
    }

    private let machine: any Machine
    private let quiet: QuietMemory
    package let pinned: any PinnedPages
    private let progress: Monitor<Progress>
    private let pinning: Future<Void>
    private let cancellation: Cancellation

    /// In pages. Smaller steps would be many where the image is large.
    private static let leastStep: UInt64 = (64 << 20) / UInt64(PageFrame.size)
    private static let mostSteps: UInt64 = 64

    /// Begins to pin `pages` pages.
    ///
    /// - Parameters:
    ///   - pages: as an image says that has not been checked yet.
    ///   - reserve: in bytes, what must be left to this kernel.
    ///   - cancellation: once it says so, no more is pinned.
    ///   - witness: told of the settings that keep the memory where it is.
    package init(
        pages: UInt64, reserve: UInt64, on machine: any Machine,
        unless cancellation: Cancellation = Cancellation(),
        witness: (any SettingsWitness)? = nil
    ) throws {
        guard pages < PageFrame.limit.rawValue else {
            throw RestoreError.notEnoughMemory(
                needed: .max, available: try machine.memory().available)
        }
        self.machine = machine
        self.cancellation = cancellation
        quiet = try QuietMemory(machine, witness)
        // Room to grow, where the pages that there are do not serve.
        let pinned = try machine.reserveMemory(
            pageCapacity: 2 * Int(pages) + (512 << 20) / PageFrame.size)
        try Self.require(pages, reserve, beside: pinned, machine)
        let progress = Monitor(Progress())
        pinning = Future {
            // Those who wait for the device, or have something to unpack, are not to wait for this.
            Parallel.letOthersGoFirst()
            let end = Result { try Self.pin(pages, pinned, progress, cancellation) }
            progress.change { $0.end = end }
        }
        self.pinned = pinned
        self.progress = progress
    }

    /// Who does not want it any more does not wait until all of it is there.
    deinit { cancellation.cancel() }

    package var size: UInt64 { Self.size(pinned) }

    /// The runs of frames behind the first `count` of them, in the order of their slots. Waits for
    /// some; none are left when all that was asked for is there.
    package func runs(after count: Int) throws -> [IndexedRun] {
        try progress.wait { progress throws in
            if progress.runs.count > count { return Array(progress.runs[count...]) }
            return try progress.end?.get() == nil ? nil : []
        }
    }

    /// Pins more pages, if `reserve` bytes are left then. Only when the first are there.
    package func grow(by pages: UInt64, reserve: UInt64) throws {
        try Self.require(pages, reserve, beside: pinned, machine)
        try Self.pin(pages, pinned, progress, cancellation)
    }

    private static func require(
        _ pages: UInt64, _ reserve: UInt64, beside pinned: any PinnedPages, _ machine: any Machine
    ) throws {
        let needed = pages * UInt64(PageFrame.size) + reserve
        let available = try machine.memory().available
        guard needed <= available else {
            throw RestoreError.notEnoughMemory(
                needed: size(pinned) + needed, available: size(pinned) + available)
        }
    }

    private static func pin(
        _ pages: UInt64, _ pinned: any PinnedPages, _ progress: Monitor<Progress>,
        _ cancellation: Cancellation
    ) throws {
        let step = max(leastStep, pages / mostSteps)
        let end = pinned.pageCount + Int(pages)
        while pinned.pageCount < end {
            let first = pinned.pageCount
            try pinned.grow(byPages: min(Int(step), end - first), unless: cancellation)
            let runs = try pinned.runs(fromSlot: first)
            let known = progress.wait { $0.frames }
            let frames = known.union(FrameSet(runs.map(\.frames)))
            // A page that moves while the frames are asked for leaves its old one to another page.
            let twice = known.count + runs.pageCount - frames.count
            guard twice == 0 else { throw RestoreError.framesMoved(count: Int(twice)) }
            progress.change {
                $0.runs += runs
                $0.frames = frames
            }
        }
    }

    private static func size(_ pinned: any PinnedPages) -> UInt64 {
        UInt64(pinned.pageCount) * UInt64(PageFrame.size)
    }
}
