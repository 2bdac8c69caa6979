// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import PhysicalMemory
import Sealing

/// Some consecutive pages of the data stream, stored together.
package struct Chunk: Hashable, Sendable {
    package static let pageLimit = ImageFormat.chunkPageLimit

    /// Where it is stored, in bytes from the beginning of the image area.
    package var offset: UInt64
    /// How many pages of the stream come before it.
    package var firstPage: UInt64
    /// XXH64 of the stored bytes; 0 in a sealed image.
    package var checksum: UInt64
    /// In a sealed image.
    package var tag = AuthenticationTag.none
    /// In bytes, as stored, without padding.
    package var size: UInt32
    /// 1 to 256.
    package var pageCount: UInt32

    package init(
        offset: UInt64, size: UInt32, firstPage: UInt64, pageCount: UInt32, checksum: UInt64
    ) {
        self.offset = offset
        self.firstPage = firstPage
        self.checksum = checksum
        self.size = size
        self.pageCount = pageCount
    }

    package var pages: Range<UInt64> { firstPage..<firstPage + UInt64(pageCount) }

    /// Stored as it is, or else packed by the image's ``ImageHeader/compression``.
    package var isRaw: Bool { size == pageCount * UInt32(PageFrame.size) }

    /// Checks what was read from ``offset``, without its padding. `index` is for the error.
    package func check(_ stored: UnsafeRawBufferPointer, index: Int) throws(ImageError) {
        guard stored.count == Int(size) else {
            throw .truncated(offset: offset, needed: Int(size), available: stored.count)
        }
        try check(hash: XXH64.hash(stored), index: index)
    }

    /// The same for one that is ``isRaw``, read into several places.
    package func check(
        places: [UnsafeMutableRawBufferPointer], index: Int
    ) throws(ImageError) {
        try check(hash: XXH64.hash(parts: places), index: index)
    }

    private func check(hash found: UInt64, index: Int) throws(ImageError) {
        guard found == checksum else {
            throw .checksum(.chunk(index), offset: offset, expected: checksum, found: found)
        }
    }
}

extension Chunk: TableEntry {
    static let storedSize = 24

    /// Of an entry of the table, in bytes.
    package static func storedSize(isSealed: Bool) -> Int {
        isSealed ? SealedChunk.storedSize : storedSize
    }

    /// Throws where an image cannot have so many chunks.
    package static func requireTable(ofCount count: Int, isSealed: Bool) throws(ImageError) {
        let size = UInt64(count) * UInt64(storedSize(isSealed: isSealed))
        let limit = SectionKind.chunks.sizeLimit
        if size > limit { throw .sectionSize(.chunks, size, limit: limit) }
    }

    static func parse(
        _ reader: inout ImageReader, isSealed: Bool
    ) throws(ImageError) -> [Chunk] {
        var chunks: [Chunk] = []
        chunks.reserveCapacity(reader.remaining / storedSize(isSealed: isSealed))
        var firstPage: UInt64 = 0
        while reader.remaining > 0 {
            let offset = try reader.u64()
            let size = try reader.u32()
            let pageCount = try reader.u32()
            var chunk = Chunk(
                offset: offset, size: size, firstPage: firstPage, pageCount: pageCount,
                checksum: 0)
            if isSealed {
                chunk.tag = AuthenticationTag(low: try reader.u64(), high: try reader.u64())
            } else {
                chunk.checksum = try reader.u64()
            }
            chunks.append(chunk)
            // The section's size limit keeps the sum below 2^56.
            firstPage += UInt64(pageCount)
        }
        return chunks
    }

    func append(to writer: inout ByteWriter) {
        writer.append(offset)
        writer.append(size)
        writer.append(pageCount)
        writer.append(checksum)
    }
}

/// The same in the table of a sealed image.
struct SealedChunk: TableEntry {
    static let storedSize = 32

    var chunk: Chunk

    func append(to writer: inout ByteWriter) {
        writer.append(chunk.offset)
        writer.append(chunk.size)
        writer.append(chunk.pageCount)
        writer.append(chunk.tag.low)
        writer.append(chunk.tag.high)
    }
}
