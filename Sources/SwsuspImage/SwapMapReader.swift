// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import SwapArea

/// Follows the chain of map pages and collects what they name.
///
/// Source: `struct swap_map_page`, `swap_write_page`, kernel/power/swap.c, Linux 6.12.
struct SwapMapReader {
    /// Entries of a map page; the next map page's number follows them.
    static let entriesPerPage = PageFrame.size / 8 - 1

    private let headerPage: DevicePage
    private let limit: DevicePage
    private var entryCount: UInt64 = 0
    private var hasEnded = false
    private var mapPages: Set<DevicePage> = []
    private(set) var runs: [DeviceRun] = []

    /// An image has its pages between 1 and `limit` - 1: a page number 0 ends the map.
    init(headerPage: DevicePage, limit: DevicePage) {
        self.headerPage = headerPage
        self.limit = limit
    }

    /// Takes in the map page at `page`, and returns which one comes next.
    mutating func append(_ bytes: RawSpan, at page: DevicePage) throws(SwsuspError) -> DevicePage? {
        var index = 0
        while index < Self.entriesPerPage {
            let offset = page.offset + UInt64(8 * index)
            let entry = DevicePage(bytes.u64(at: 8 * index))
            index += 1
            if entry.rawValue == 0 {
                hasEnded = true
                continue
            }
            if hasEnded { throw .entryAfterEnd(offset: offset) }
            try check(entry, foundAt: offset)
            // Nearly all follow the one before, so these are only counted.
            var run = DeviceRun(entry, count: 1)
            while index < Self.entriesPerPage, run.end < limit,
                bytes.u64(at: 8 * index) == run.end.rawValue
            {
                run.count += 1
                index += 1
            }
            append(run)
        }
        let offset = page.offset + UInt64(8 * Self.entriesPerPage)
        let next = DevicePage(bytes.u64(at: 8 * Self.entriesPerPage))
        if next.rawValue == 0 { return nil }
        if hasEnded { throw .entryAfterEnd(offset: offset) }
        try visit(next, foundAt: offset)
        return next
    }

    /// Notes that a map page is about to be read. No chain is longer than the pages before
    /// `limit`, and one that comes back to itself ends here.
    mutating func visit(_ page: DevicePage, foundAt offset: UInt64) throws(SwsuspError) {
        try check(page, foundAt: offset)
        guard mapPages.insert(page).inserted else { throw .mapLoop(page) }
    }

    /// The map without the info page, which is its first one.
    func finish() throws(SwsuspError) -> (infoPage: DevicePage, map: SwapMap) {
        guard let infoPage = runs.first?.first else { throw .noPages }
        var inUse = runs + mapPages.map { DeviceRun($0, count: 1) }
        inUse.append(DeviceRun(headerPage, count: 1))
        inUse.sort { $0.first < $1.first }
        for index in inUse.indices.dropFirst() where inUse[index].first < inUse[index - 1].end {
            throw .duplicatePage(inUse[index].first)
        }
        var stored = runs
        stored[0] = DeviceRun(DevicePage(infoPage.rawValue + 1), count: runs[0].count - 1)
        if stored[0].count == 0 { stored.removeFirst() }
        return (infoPage, SwapMap(stored))
    }

    private mutating func append(_ run: DeviceRun) {
        entryCount += run.count
        if let last = runs.last, last.end == run.first {
            runs[runs.count - 1].count += run.count
        } else {
            runs.append(run)
        }
    }

    private func check(_ page: DevicePage, foundAt offset: UInt64) throws(SwsuspError) {
        guard 0 < page.rawValue, page < limit else {
            throw .pageOutsideArea(page, limit: limit, offset: offset)
        }
        // More entries than pages: some are named twice, and the map could grow without an end.
        if entryCount > limit.rawValue { throw .duplicatePage(page) }
    }
}
