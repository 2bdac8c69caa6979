// SPDX-License-Identifier: GPL-2.0-or-later

import Compression
import PhysicalMemory
import SwapArea

/// Why an image of the kernel's own hibernation cannot be used. Offsets are bytes from the
/// device's beginning.
package enum SwsuspError: Error, Hashable {
    case truncated(offset: UInt64, needed: Int, available: Int)

    // The header page.
    /// Not `S1SUSPEND`, the only one that the kernel has written since Linux 2.6.
    case signature(found: Signature)
    /// Bits without a known meaning.
    case unknownFlags(UInt32)
    /// A compressed image without a checksum, or an uncompressed one with a compression.
    case contradictoryFlags(UInt32)
    /// Neither of the two kinds of swap that can have been there before.
    case originalSignature([UInt8])

    // The swap map.
    /// Found at `offset`; an image's pages lie from 1 to `limit` - 1.
    case pageOutsideArea(DevicePage, limit: DevicePage, offset: UInt64)
    /// Of two map pages, each leads to the other.
    case mapLoop(DevicePage)
    /// An entry after the one that ends the map.
    case entryAfterEnd(offset: UInt64)
    /// The image uses this page twice.
    case duplicatePage(DevicePage)
    case noPages
    /// The map has another number of pages than the info page asks for: `expected` of them after
    /// the info page itself.
    case storedPages(found: UInt64, expected: ClosedRange<UInt64>)

    // The info page.
    case restoreMagic(UInt64)
    /// `pages` of them would take `pages` × 4096 bytes.
    case imageSize(UInt64, pages: UInt64)
    /// Data pages, all pages, and pages of the machine's memory do not go together.
    case pageCounts(data: UInt64, all: UInt64, memory: UInt64)
    case memoryMapChecksum(UInt64)
    case jumpAddress(UInt64)
    case physicalJumpAddress(PhysicalAddress)
    case pageTableRoot(UInt64)
    /// One that the kernel needs on its first steps is not in the image.
    case missingFrame(PageFrame)

    // The lists of frames. An `index` counts their entries.
    case frameBeyondLimit(index: UInt64, entry: UInt64)
    case frameOrder(index: UInt64, PageFrame, previous: PageFrame)
    case duplicateFrame(index: UInt64, PageFrame)
    /// The lists end before their last page.
    case listEndsEarly(index: UInt64)
    case tooManyFrames(limit: UInt64)
    /// Frames listed, without those that are zero, against the data pages of the info page.
    case frameCount(listed: UInt64, zero: UInt64, dataPages: UInt64)

    // Compressed blocks, by their index.
    case blockLength(index: UInt64, UInt64, limit: UInt64)
    case blockBeyondEnd(index: UInt64)
    case pagesAfterLastBlock(UInt64)
    case missingBlocks(found: UInt64, expected: UInt64)
    case block(index: UInt64, DecompressionError)
    case checksum(expected: UInt32, found: UInt32)

    // The image's own page tables.
    /// Not one paging depth out of two leads from the jump address to its physical address.
    case entryMapping(four: PageWalk, five: PageWalk, expected: PhysicalAddress)
}

/// Why an image could not be read: it is damaged, or the device is.
package enum SwsuspReadError<DeviceError: Error>: Error {
    case image(SwsuspError)
    case device(DeviceError)
}
