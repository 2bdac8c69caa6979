// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Compression
import PhysicalMemory

/// Pages that were compressed together: a length in bytes (u64), that many bytes, and padding to
/// a whole page.
///
/// Source: `save_compressed_image`, kernel/power/swap.c, Linux 6.12.
package struct StoredBlock: Hashable, Sendable {
    /// Uncompressed pages in every block but the last.
    package static let pageLimit: UInt64 = 32
    /// Pages that a block takes at most as it is stored.
    package static let storedPageLimit = storedPages(
        ofLength: lengthLimit(pageCount: Int(pageLimit)))

    static let lengthSize = 8

    package let index: UInt64
    /// Its place among the stored pages after the info page.
    package let firstStoredPage: UInt64
    /// Its place in the uncompressed stream: frame lists and data.
    package let firstPage: UInt64
    /// 1 to 32.
    package let pageCount: Int
    /// In bytes, compressed, without the length itself.
    package let length: Int

    package var storedPages: Range<UInt64> {
        firstStoredPage..<firstStoredPage + UInt64(Self.storedPages(ofLength: length))
    }

    /// Of the uncompressed stream.
    package var pages: Range<UInt64> { firstPage..<firstPage + UInt64(pageCount) }

    /// In bytes, uncompressed.
    package var size: Int { pageCount * PageFrame.size }

    /// `bytes_worst_compress`: the kernel writes no longer one.
    static func lengthLimit(pageCount: Int) -> Int {
        let size = pageCount * PageFrame.size
        return size + size / 16 + 64 + 3 + 2
    }

    static func storedPages(ofLength length: Int) -> Int {
        (lengthSize + length).units(of: PageFrame.size)
    }

    /// Unpacks the block from its stored pages, which `stored` begins with, into all of
    /// `destination`. Any thread can do this, in any order. Requires ``size`` bytes of
    /// `destination` and all of ``storedPages``.
    package func unpack(
        _ stored: UnsafeRawBufferPointer, by compression: SwsuspHeader.Compression,
        into destination: UnsafeMutableRawBufferPointer
    ) throws(SwsuspError) {
        precondition(destination.count == size, "a block fills its pages")
        let end = Self.lengthSize + length
        let block = UnsafeRawBufferPointer(rebasing: stored[Self.lengthSize..<end])
        do throws(DecompressionError) {
            switch compression {
            case .lzo: try LZO.decompress(block, into: destination)
            case .lz4: try LZ4.decompress(block, into: destination)
            case .none: preconditionFailure("an uncompressed image has no blocks")
            }
        } catch { throw .block(index: index, error) }
    }
}
