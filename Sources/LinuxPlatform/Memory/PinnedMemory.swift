// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Glibc
import PhysicalMemory
import SystemPackage
import Threads

/// Memory of this process whose page frames stay what they are until the jump.
///
/// One reservation of address space, backed from its beginning as far as it was asked to grow;
/// a page's place in it is its *slot*. Huge pages where the kernel gives them: they are cleared
/// faster, and long runs of frames make short lists.
///
/// Locked memory is not swapped out, but compaction may still move it; so it is pinned as well,
/// where the kernel offers that (``pinFailure``). Where not, turn off what moves memory first
/// (`vm.compact_unevictable_allowed`); and look again at the end (``movedPages(since:)``).
package final class PinnedMemory: PinnedPages {
    private static let hugePage = 2 << 20
    /// What one thread backs at a time.
    private static let portion = 8 << 20

    private let reservation: UnsafeMutableRawPointer
    private let reservedSize: Int
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    /// How many pages are backed, locked and zero unless written to since.
    package private(set) var pageCount = 0
    /// Why the kernel does not promise to leave the pages where they are; nil where it does.
    package private(set) var pinFailure: PlatformError?
    private var pins: [MemoryPin] = []

    /// Reserves address space, and no memory, for at least `pageCapacity` pages.
    package init(pageCapacity: Int) throws(PlatformError) {
        let (bytes, overflow) = pageCapacity.multipliedReportingOverflow(by: PageFrame.size)
        if overflow || bytes > 1 << 46 { throw .call(.mmap, path: nil, .noMemory) }
        capacity = bytes.roundedUp(to: Self.hugePage)
        // Room to begin on a huge page's boundary.
        reservedSize = capacity + Self.hugePage
        let size = reservedSize
        let address = mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw .call(.mmap, path: nil, Errno(rawValue: errno))
        }
        reservation = address
        base = UnsafeMutableRawPointer(
            bitPattern: Int(bitPattern: address).roundedUp(to: Self.hugePage))!
    }

    deinit { munmap(reservation, reservedSize) }

    /// The memory of slot `slot` and those after it.
    package func address(ofSlot slot: Int) -> UnsafeMutableRawPointer {
        base + slot * PageFrame.size
    }

    /// Backs at least `pages` more pages, on all CPUs, and locks them.
    ///
    /// Throws ENOMEM beyond the capacity or the kernel's limits. Running out of RAM shows as the
    /// OOM killer instead: compare with MemAvailable first.
    package func grow(byPages pages: Int, unless cancellation: Cancellation) throws {
        let start = pageCount * PageFrame.size
        let end = min((start + pages * PageFrame.size).roundedUp(to: Self.hugePage), capacity)
        guard end - start >= pages * PageFrame.size else {
            throw PlatformError.call(.mmap, path: nil, .noMemory)
        }
        // Only advice: a kernel without huge pages gives small ones.
        madvise(base + start, end - start, MADV_HUGEPAGE)
        let address = Int(bitPattern: base)
        let portions = (end - start + Self.portion - 1) / Self.portion
        let threads = min(Parallel.usableCPUs, portions)
        try Parallel.run(threads) { thread in
            for portion in stride(from: thread, to: portions, by: threads) {
                if cancellation.isCancelled { throw Cancelled() }
                let first = start + portion * Self.portion
                let size = min(Self.portion, end - first)
                try Self.populate(UnsafeMutableRawPointer(bitPattern: address + first)!, size)
            }
        }
        try systemCall(.mlock) { mlock(base + start, end - start) }
        // The huge pages stay, but khugepaged makes no more: it would move what it joins.
        madvise(base + start, end - start, MADV_NOHUGEPAGE)
        do {
            pins.append(
                try MemoryPin(
                    UnsafeMutableRawBufferPointer(start: base + start, count: end - start)))
        } catch { pinFailure = error }
        pageCount = end / PageFrame.size
    }

    /// Linux 5.14 and later back memory in one call; before that, by touching each page.
    private static func populate(
        _ start: UnsafeMutableRawPointer, _ size: Int
    ) throws(PlatformError) {
        let madvPopulateWrite: CInt = 23
        do {
            try systemCall(.madvise) { madvise(start, size, madvPopulateWrite) }
        } catch {
            guard case .call(_, _, .invalidArgument) = error else { throw error }
            for offset in stride(from: 0, to: size, by: PageFrame.size) {
                start.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
            }
        }
    }

    /// The frames behind the slots from `first` on, in the order of the slots.
    package func runs(fromSlot first: Int) throws(PlatformError) -> [IndexedRun] {
        var runs: [IndexedRun] = []
        try Pagemap().forEachFrame(of: address(ofSlot: first), pageCount: pageCount - first) {
            page, frame in
            if let last = runs.last, last.frames.upper == frame {
                runs[runs.count - 1] = IndexedRun(
                    FrameRange(last.frames.lower, frame + 1), firstIndex: last.firstIndex)
            } else {
                runs.append(IndexedRun(FrameRange(frame, count: 1), firstIndex: first + page))
            }
        }
        return runs
    }

    /// How many pages have another frame than in `runs`, what ``runs()`` said before.
    package func movedPages(since runs: [IndexedRun]) throws(PlatformError) -> Int {
        var moved = 0
        var next = 0
        try Pagemap().forEachFrame(of: base, pageCount: pageCount) { slot, frame in
            while next < runs.count, slot >= runs[next].firstIndex + Int(runs[next].frames.count) {
                next += 1
            }
            let expected =
                next < runs.count
                ? runs[next].frames.lower + UInt64(slot - runs[next].firstIndex) : PageFrame(0)
            if frame != expected { moved += 1 }
        }
        return moved
    }
}

/// One thread at a time asks for more of it; what is in it, is its owner's business.
extension PinnedMemory: @unchecked Sendable {}
