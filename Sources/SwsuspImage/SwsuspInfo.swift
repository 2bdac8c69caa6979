// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import PhysicalMemory

/// The info page, the first one of the image and never compressed.
///
/// Every architecture lays its ``RestoreRecord`` over the beginning, where there would be the kernel's name
/// and version.
///
/// Source: `struct swsusp_info`, kernel/power/power.h; `init_header`, kernel/power/snapshot.c;
/// Linux 6.12.
package struct SwsuspInfo: Hashable, Sendable {
    package let restore: RestoreRecord
    /// Pages of memory that the machine had.
    package let memoryPages: UInt64
    /// Pages of which the image holds the contents.
    package let dataPages: UInt64
    /// All of the image's pages, uncompressed: this one, the frame lists, the data.
    package let pages: UInt64

    /// Pages of frame numbers, which come after this one and before the data.
    package var listPages: UInt64 { pages - 1 - dataPages }

    /// Frame lists and data: what a compressed image is the compression of.
    package var streamPages: UInt64 { pages - 1 }

    /// Frame numbers in one page of the lists.
    static let framesPerPage = UInt64(PageFrame.size / 8)

    /// Requires one page.
    init(parsing page: RawSpan) throws(SwsuspError) {
        do throws(RestoreRecordError) { restore = try RestoreRecord(parsing: page) } catch {
            throw .restoreRecord(error)
        }
        memoryPages = page.u64(at: 400)
        dataPages = page.u64(at: 416)
        pages = page.u64(at: 424)
        let size = page.u64(at: 432)

        let limit = PageFrame.limit.rawValue
        let longestList = (min(memoryPages, limit) + Self.framesPerPage - 1) / Self.framesPerPage
        guard memoryPages <= limit, 0 < dataPages, dataPages <= memoryPages,
            pages > dataPages + 1, pages - dataPages - 1 <= longestList
        else { throw .pageCounts(data: dataPages, all: pages, memory: memoryPages) }
        guard size == pages * UInt64(PageFrame.size) else { throw .imageSize(size, pages: pages) }
    }
}
