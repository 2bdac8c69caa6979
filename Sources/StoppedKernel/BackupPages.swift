// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// Where a kernel that has jumped into another one keeps what it had in that one's memory: on the
/// way there kexec swaps each of those pages with one that it has set aside.
///
/// Source: `kimage_entry_t`, include/linux/kexec.h, and `swap_pages`,
/// arch/x86/kernel/relocate_kernel_64.S, Linux 6.1 and 6.12. An entry of kexec's list is the physical
/// address of a page, with what it means in the lowest bits. No page of the list itself is swapped.
package struct BackupPages: Sendable {
    fileprivate struct Run {
        var frames: FrameRange
        /// Of the first of them.
        var backup: PageFrame

        var backups: FrameRange { FrameRange(backup, count: frames.count) }
    }

    private enum Entry {
        static let destination: UInt64 = 1 << 0
        static let indirection: UInt64 = 1 << 1
        static let done: UInt64 = 1 << 2
        static let source: UInt64 = 1 << 3
        static let flags: UInt64 = 0xfff
    }

    /// Ascending by their frames.
    private let runs: [Run]

    /// Takes no list whose destinations are others than `swapped`, each of them once.
    ///
    /// - Parameters:
    ///   - head: the list's first entry, the first member of `struct kimage`.
    ///   - swapped: the other kernel's memory.
    ///   - read: as for ``FreePages``.
    package init(
        head: UInt64, of swapped: FrameSet,
        read: (_ address: PhysicalAddress, _ count: Int) -> [UInt8]?
    ) throws(FreePageError) {
        var list: [UInt8] = []
        var offset = 0
        var destination = PageFrame(0)
        var runs: [Run] = []
        // What is no list may go on for ever.
        var left = 3 * swapped.count + 16
        var entry = head
        walk: while true {
            let frame = PhysicalAddress(entry).frame
            guard frame < PageFrame.limit, left > 0 else { throw .backupList(entry) }
            left -= 1
            switch entry & Entry.flags {
            case Entry.destination:
                destination = frame
            case Entry.indirection:
                guard let page = read(frame.address, PageFrame.size) else {
                    throw .backupList(entry)
                }
                list = page
                offset = 0
            case Entry.source:
                runs.appendMerging(Run(frames: FrameRange(destination, count: 1), backup: frame))
                destination = destination + 1
            case Entry.done:
                break walk
            default:
                throw .backupList(entry)
            }
            guard let next: UInt64 = list.integer(at: offset) else { throw .backupList(entry) }
            entry = next
            offset += 8
        }
        runs.sort { $0.frames.lower < $1.frames.lower }
        // A set merges what is named twice, so then it has fewer.
        let count = runs.reduce(0) { $0 + $1.frames.count }
        guard count == swapped.count, FrameSet(runs.map(\.frames)) == swapped,
            FrameSet(runs.map(\.backups)).count == count
        else { throw .backupList(entry) }
        self.runs = runs
    }

    /// The pages that hold what was in `frames`.
    package func backups(of frames: FrameSet) -> FrameSet {
        var found: [FrameRange] = []
        var next = 0
        for run in runs {
            while next < frames.ranges.count, frames.ranges[next].upper <= run.frames.lower {
                next += 1
            }
            for range in frames.ranges[next...] {
                if range.lower >= run.frames.upper { break }
                let lower = max(range.lower, run.frames.lower)
                let upper = min(range.upper, run.frames.upper)
                let skipped = lower.rawValue - run.frames.lower.rawValue
                found.append(
                    FrameRange(run.backup + skipped, count: upper.rawValue - lower.rawValue))
            }
        }
        return FrameSet(found)
    }
}

extension [BackupPages.Run] {
    fileprivate mutating func appendMerging(_ run: Element) {
        guard let last, last.frames.upper == run.frames.lower, last.backups.upper == run.backup
        else {
            append(run)
            return
        }
        self[count - 1].frames.upper = run.frames.upper
    }
}
