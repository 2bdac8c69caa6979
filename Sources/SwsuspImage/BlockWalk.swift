// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// Finds the blocks of a compressed image in its stored pages.
///
/// Where a block begins is only known from the lengths of all before it, so one walk finds them
/// all. It looks at nothing but lengths: a reader fetches pieces of any size ahead and in any
/// number, a walk over a piece takes a few dozen loads a megabyte, and the blocks that it gives
/// are unpacked by any number of threads in any order.
package struct BlockWalk: Sendable {
    private let storedPageCount: UInt64
    private let streamPages: UInt64
    private var index: UInt64 = 0

    /// The stored page with which the next block begins.
    package private(set) var position: UInt64 = 0

    /// `storedPageCount` as the swap map has it, `streamPages` as the info page says.
    init(storedPageCount: UInt64, streamPages: UInt64) {
        self.storedPageCount = storedPageCount
        self.streamPages = streamPages
    }

    package var blockCount: UInt64 { Self.blockCount(streamPages: streamPages) }

    package var isComplete: Bool { index == blockCount }

    static func blockCount(streamPages: UInt64) -> UInt64 {
        (streamPages + StoredBlock.pageLimit - 1) / StoredBlock.pageLimit
    }

    /// Takes the blocks that lie in `stored` with all of their pages. `stored` holds the stored
    /// pages from ``position`` on; what begins at the new position is to be given again, with
    /// more after it: less than ``StoredBlock/storedPageLimit`` pages.
    package mutating func take(from stored: RawSpan) throws(SwsuspError) -> [StoredBlock] {
        let start = position
        let available = UInt64(stored.byteCount / PageFrame.size)
        var blocks: [StoredBlock] = []
        while !isComplete, position - start < available {
            let length = stored.u64(at: Int(position - start) * PageFrame.size)
            let block = try block(length: length)
            guard block.storedPages.upperBound - start <= available else { break }
            blocks.append(block)
            index += 1
            position = block.storedPages.upperBound
        }
        if isComplete, position < storedPageCount {
            throw .pagesAfterLastBlock(storedPageCount - position)
        }
        return blocks
    }

    /// Takes the block that begins at ``position``, for one who reads only the lengths: the u64
    /// with which that page begins. Requires that there are more blocks.
    mutating func take(length: UInt64) throws(SwsuspError) -> StoredBlock {
        precondition(!isComplete, "no block is left")
        let block = try block(length: length)
        index += 1
        position = block.storedPages.upperBound
        return block
    }

    /// Whether all blocks were found; to be asked when there are no more stored pages.
    package func finish() throws(SwsuspError) {
        guard isComplete else { throw .missingBlocks(found: index, expected: blockCount) }
    }

    private func block(length: UInt64) throws(SwsuspError) -> StoredBlock {
        let firstPage = index * StoredBlock.pageLimit
        let pageCount = Int(min(StoredBlock.pageLimit, streamPages - firstPage))
        let limit = StoredBlock.lengthLimit(pageCount: pageCount)
        guard 0 < length, length <= UInt64(limit) else {
            throw .blockLength(index: index, length, limit: UInt64(limit))
        }
        let block = StoredBlock(
            index: index, firstStoredPage: position, firstPage: firstPage, pageCount: pageCount,
            length: Int(length))
        guard block.storedPages.upperBound <= storedPageCount else {
            throw .blockBeyondEnd(index: index)
        }
        return block
    }
}
