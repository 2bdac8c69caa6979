// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import LinuxPlatform
import PhysicalMemory
import SystemPackage
import Threads

/// Pinned memory whose frames are those that a script names.
package final class ScriptedMemory: PinnedPages, @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let size: Int
    private let frames: [IndexedRun]
    private let capacity: Int
    private let moved: Int
    private let whilePinning: @Sendable (@escaping ScriptedMachine.Cancelling) throws -> Void
    package private(set) var pageCount = 0
    package let pinFailure: PlatformError? = nil

    init(_ script: ScriptedMachine.Script) {
        var runs: [IndexedRun] = []
        var slot = 0
        for range in script.frames {
            runs.append(IndexedRun(range, firstIndex: slot))
            slot += Int(range.count)
        }
        frames = runs
        capacity = slot
        moved = script.movedPages
        whilePinning = script.whilePinning
        size = max(1, slot) * PageFrame.size
        // Little of it is used, as a rule: the rest costs nothing.
        base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(base != MAP_FAILED, "there is memory")
    }

    deinit { munmap(base, size) }

    package func address(ofSlot slot: Int) -> UnsafeMutableRawPointer {
        base + slot * PageFrame.size
    }

    package func grow(byPages pages: Int, unless cancellation: Cancellation) throws {
        try whilePinning { cancellation.isCancelled }
        if cancellation.isCancelled { throw Cancelled() }
        guard pageCount + pages <= capacity else {
            throw PlatformError.call(.mlock, path: nil, .noMemory)
        }
        pageCount += pages
    }

    package func runs(fromSlot first: Int) throws(PlatformError) -> [IndexedRun] {
        frames.compactMap { run in
            let start = max(first, run.firstIndex)
            let end = min(pageCount, run.firstIndex + Int(run.frames.count))
            guard start < end else { return nil }
            let lower = run.frames.lower + UInt64(start - run.firstIndex)
            return IndexedRun(FrameRange(lower, count: UInt64(end - start)), firstIndex: start)
        }
    }

    package func movedPages(since runs: [IndexedRun]) throws(PlatformError) -> Int { moved }

    /// What is in the page of this frame; nil where it is not backed.
    package func page(_ frame: PageFrame) -> [UInt8]? {
        guard let run = frames.first(where: { $0.frames.contains(frame) }) else { return nil }
        let slot = run.firstIndex + Int(frame.rawValue - run.frames.lower.rawValue)
        guard slot < pageCount else { return nil }
        return Array(UnsafeRawBufferPointer(start: address(ofSlot: slot), count: PageFrame.size))
    }

    package func store(_ bytes: [UInt8], in frame: PageFrame) {
        guard let run = frames.first(where: { $0.frames.contains(frame) }) else { return }
        let slot = run.firstIndex + Int(frame.rawValue - run.frames.lower.rawValue)
        address(ofSlot: slot).copyMemory(from: bytes, byteCount: bytes.count)
    }
}

/// What somebody loaded for a jump, as the kernel would have copied it.
package struct LoadedKernel: Sendable {
    package let entry: PhysicalAddress
    package let segments: [(memory: PhysicalRange, bytes: [UInt8])]

    init(_ entry: PhysicalAddress, _ segments: [KexecSegment]) {
        self.entry = entry
        self.segments = segments.map { segment in
            let end = PhysicalAddress(segment.memory.rawValue + segment.memorySize)
            return (PhysicalRange(segment.memory, end), segment.buffer.map { Array($0) } ?? [])
        }
    }
}

extension FrameRange {
    /// By the numbers of its first frame and of the one after its last.
    package static func tested(_ lower: UInt64, _ upper: UInt64) -> FrameRange {
        FrameRange(PageFrame(lower), PageFrame(upper))
    }
}

extension MemoryMap {
    /// A machine with 80 MiB: with less there would be no room for an image beside a restore kernel.
    package static let tested = MemoryMap([
        Entry(PhysicalRange(PhysicalAddress(0), PhysicalAddress(0x9_f000)), .ram),
        Entry(PhysicalRange(PhysicalAddress(0x9_f000), PhysicalAddress(0x10_0000)), .reserved),
        Entry(PhysicalRange(PhysicalAddress(0x10_0000), PhysicalAddress(0x500_0000)), .ram),
    ])
}
