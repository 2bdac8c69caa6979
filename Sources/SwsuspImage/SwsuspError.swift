// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Compression
import Explanation
import PhysicalMemory
import SwapArea

/// Why an image of the kernel's own hibernation cannot be used. Offsets are bytes from the
/// device's beginning.
package enum SwsuspError: ExplainedError, Hashable {
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
    case restoreRecord(RestoreRecordError)
    /// `pages` of them would take `pages` × 4096 bytes.
    case imageSize(UInt64, pages: UInt64)
    /// Data pages, all pages, and pages of the machine's memory do not go together.
    case pageCounts(data: UInt64, all: UInt64, memory: UInt64)
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

    package var explanation: String {
        switch self {
        case .truncated(let offset, let needed, let available):
            "the image is damaged, or the device truncated: \(needed) bytes are needed at byte "
                + "\(offset) of the device, and \(available) are there"

        case .signature(let found):
            "the image has the signature \(found), and this kresume knows \(Signature.swsusp1)"
        case .unknownFlags(let flags):
            "the image was written by a newer kernel: its flags \(hexadecimal(flags)) are not known "
                + "to this kresume"
        case .contradictoryFlags(let flags):
            damaged("its flags \(hexadecimal(flags)) contradict each other")
        case .originalSignature(let bytes):
            damaged(
                "the area had the signature \(Signature(bytes[...])) before, which is not one of "
                    + "swap")

        case .pageOutsideArea(let page, let limit, let offset):
            "the image is damaged, or the device truncated: page \(page.rawValue) is wanted at byte "
                + "\(offset), and the last one is \(limit.rawValue - 1)"
        case .mapLoop(let page):
            damaged("page \(page.rawValue) of the device is in its map twice")
        case .entryAfterEnd(let offset):
            damaged("its map goes on at byte \(offset) of the device, where it should have ended")
        case .duplicatePage(let page):
            damaged("page \(page.rawValue) of the device is in it twice")
        case .noPages: damaged("its map names no pages")
        case .storedPages(let found, let expected):
            damaged(
                "its map names \(found) pages, not \(expected.lowerBound) to "
                    + "\(expected.upperBound)")

        case .restoreRecord(let error): error.explanation
        case .imageSize(let size, let pages):
            damaged("its \(pages) pages cannot take \(size) bytes")
        case .pageCounts(let data, let all, let memory):
            damaged(
                "it counts \(all) pages, \(data) of them with data, of a machine that had "
                    + "\(memory)")
        case .missingFrame(let frame):
            damaged("the page at \(frame.address), which its kernel needs first, is not in it")

        case .frameBeyondLimit(let index, let entry):
            damaged(
                "entry \(index) of its list of page frames is \(hexadecimal(entry)), beyond what a "
                    + "machine can have")
        case .frameOrder(let index, let frame, let previous):
            damaged(
                "entry \(index) of its list of page frames is \(frame), which does not belong after "
                    + "\(previous)")
        case .duplicateFrame(let index, let frame):
            damaged("its list of page frames has \(frame) twice, the second time as entry \(index)")
        case .listEndsEarly(let index):
            damaged("its list of page frames ends early, at entry \(index)")
        case .tooManyFrames(let limit):
            damaged("its list of page frames has more than the \(limit) that the machine had")
        case .frameCount(let listed, let zero, let dataPages):
            damaged(
                "it lists \(listed) page frames, \(zero) of them zero, and counts \(dataPages) "
                    + "pages with data")

        case .blockLength(let index, let length, let limit):
            damaged("block \(index) has \(length) bytes, not 1 to \(limit)")
        case .blockBeyondEnd(let index):
            damaged("block \(index) goes on after the end of the image")
        case .pagesAfterLastBlock(let count): damaged("\(count) pages follow its last block")
        case .missingBlocks(let found, let expected):
            damaged("it has \(found) blocks, where \(expected) were expected")
        case .block(let index, let error):
            damaged("block \(index) cannot be unpacked: \(error.explanation)")
        case .checksum(let expected, let found):
            damaged("its checksum is \(hexadecimal(found)), not \(hexadecimal(expected))")
        }
    }

    private func damaged(_ what: String) -> String { "the image is damaged: \(what)" }
}

/// Why an image could not be read: it is damaged, or the device is.
package enum SwsuspReadError<DeviceError: ExplainedError>: ExplainedError {
    case image(SwsuspError)
    case device(DeviceError)

    package var explanation: String {
        switch self {
        case .image(let error): error.explanation
        case .device(let error): error.explanation
        }
    }
}
