// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform

/// What the page cache holds of the files that programs have in use: noted before it is dropped, and read again
/// when all else is done.
///
/// It owns the list, which is in this process's memory alone, and so in the image. The files are open all the
/// while: nothing of it becomes stale. Nothing depends on it either: what cannot be noted or read is passed
/// over, and each of the two ends after some time.
final class CachedFiles {
    private static let fileLimit = 8192
    private static let rangeLimit = 128 << 10
    /// In nanoseconds.
    private static let timeToNote: UInt64 = 5_000_000_000
    private static let timeToRead: UInt64 = 10_000_000_000
    /// How much is read between two looks at free memory, in pages.
    private static let step: UInt64 = 2048
    private static let pageSize: UInt64 = 4096

    /// The pages by their numbers.
    private var noted: [(file: any FileInUse, pages: [Range<UInt64>])] = []
    /// No more is read than was dropped, in bytes.
    private var dropped: UInt64 = 0
    private let machine: any Machine
    private let report: Report

    init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// Before the page cache is dropped. A second try leaves the list of the first, for what is on that is not
    /// cached any more.
    ///
    /// Throws where somebody has asked this process to end, and for no other reason.
    func note() throws {
        guard noted.isEmpty else { return }
        let end = machine.uptime() + Self.timeToNote
        let isOver = { !self.mayGoOn(until: end) }
        let files: [any FileInUse]
        do { files = try machine.filesInUse(limit: Self.fileLimit, unless: isOver) } catch {
            report.detail("nothing is going to be read again: \(explanation(of: error))")
            return
        }
        var left = Self.rangeLimit
        // One large file does not keep many small ones out.
        for file in files.sorted(by: { ($0.use, $0.size) < ($1.use, $1.size) }) {
            if left == 0 || isOver() { break }
            guard let pages = try? file.cachedPages(in: file.pages, limit: left, unless: isOver),
                !pages.isEmpty
            else { continue }
            left -= pages.count
            noted.append((file, pages))
        }
        try machine.throwIfInterrupted()
        let size = noted.reduce(0) { $0 + pageCount($1.pages) } * Self.pageSize
        report.detail("noted \(mebibytes(size)) of \(noted.count) files that programs have in use")
    }

    /// The page cache has so many bytes less.
    func dropped(_ size: UInt64) { dropped += size }

    /// Has the kernel read what was dropped. It takes only memory that is free, and keeps nobody waiting who
    /// wants this process to end.
    func readAgain() {
        defer {
            noted = []
            dropped = 0
        }
        let limit = dropped / Self.pageSize
        guard limit > 0, !noted.isEmpty else { return }
        var rest = Rest(pages: limit, end: machine.uptime() + Self.timeToRead)
        for (file, pages) in noted {
            guard let first = pages.first, let last = pages.last, mayGoOn(until: rest.end)
            else { break }
            // What is in a process's page tables was not dropped.
            let there = try? file.cachedPages(
                in: first.lowerBound..<last.upperBound, limit: Self.rangeLimit
            ) { !mayGoOn(until: rest.end) }
            guard read(file, subtract(there ?? [], from: pages), &rest) else { break }
        }
        report.detail("read \(mebibytes((limit - rest.pages) * Self.pageSize)) again")
    }

    /// What may be done yet.
    private struct Rest {
        var pages: UInt64
        /// In nanoseconds.
        let end: UInt64
        /// How many pages are read before memory is looked at.
        var untilLook: UInt64 = 0
    }

    /// - Returns: whether there may be more.
    private func read(
        _ file: any FileInUse, _ ranges: [Range<UInt64>], _ rest: inout Rest
    ) -> Bool {
        for range in ranges {
            var first = range.lowerBound
            while first < range.upperBound {
                if rest.untilLook == 0 {
                    guard mayGoOn(until: rest.end), hasFreeMemory else { return false }
                    rest.untilLook = Self.step
                }
                let count = min(range.upperBound - first, rest.untilLook, rest.pages)
                if count == 0 { return false }
                do { try file.readAhead(first..<first + count) } catch { return true }
                first += count
                rest.untilLook -= count
                rest.pages -= count
            }
        }
        return true
    }

    private func mayGoOn(until end: UInt64) -> Bool {
        machine.pendingSignal() == nil && machine.uptime() <= end
    }

    /// A sixteenth of memory stays free. What single CPUs have set aside does not count.
    private var hasFreeMemory: Bool {
        guard let memory = try? machine.memory() else { return false }
        return memory.free - min(memory.free, memory.setAside) > memory.total / 16
    }

    private func pageCount(_ ranges: [Range<UInt64>]) -> UInt64 {
        ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
    }
}

/// Ascending ranges without others.
private func subtract(
    _ others: [Range<UInt64>], from ranges: [Range<UInt64>]
) -> [Range<UInt64>] {
    var result: [Range<UInt64>] = []
    var index = 0
    for range in ranges {
        var start = range.lowerBound
        while index < others.count, others[index].upperBound <= start { index += 1 }
        var next = index
        while next < others.count, others[next].lowerBound < range.upperBound {
            if others[next].lowerBound > start { result.append(start..<others[next].lowerBound) }
            start = max(start, others[next].upperBound)
            next += 1
        }
        if start < range.upperBound { result.append(start..<range.upperBound) }
    }
    return result
}
