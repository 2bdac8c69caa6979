// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwsuspImage
import Synchronization

/// Brings the data of an image of the kernel's own hibernation from the device, on all CPUs.
struct ReadStockImage: Sendable {
    let image: SwsuspImage
    let area: StockArea
    let progress: Progress

    /// Pages that one thread takes at a time.
    private static let pieceSize: UInt64 = 256

    /// Puts every page in its place; or into none, only to check it.
    func load(into places: PagePlaces?) throws {
        if image.header.compression == .none {
            try loadPlain(into: places)
        } else {
            try loadCompressed(into: places)
        }
    }

    /// Every page's place on the device is known: each thread reads any of them, into its place.
    private func loadPlain(into places: PagePlaces?) throws {
        let count = image.info.dataPages
        let queue = WorkQueue(count: Int((count + Self.pieceSize - 1) / Self.pieceSize))
        try Parallel.run(Workers.count) { _ in
            let spare = AlignedBuffer(count: Int(Self.pieceSize) * PageFrame.size)
            try queue.forEach { piece in
                let first = UInt64(piece) * Self.pieceSize
                let pages = first..<min(first + Self.pieceSize, count)
                var vectors: [UnsafeMutableRawBufferPointer] = []
                if let places {
                    places.forEachPlace(of: Int(pages.lowerBound)..<Int(pages.upperBound)) {
                        vectors.append($1)
                    }
                } else {
                    vectors = [spare.bytes]
                }
                let lists = image.info.listPages
                try read(pages.lowerBound + lists..<pages.upperBound + lists, into: vectors)
                progress.advance(by: UInt64(pages.count) * UInt64(PageFrame.size))
            }
        }
    }

    /// Where a block begins is known only from those before it: one thread at a time reads the
    /// next piece and finds the blocks in it, while the others unpack theirs.
    private func loadCompressed(into places: PagePlaces?) throws {
        let stream = Mutex(BlockStream(image.blockWalk(), stored: image.map.pageCount))
        let checksum = Atomic<UInt32>(0)
        try Parallel.run(Workers.count) { _ in
            let stored = AlignedBuffer(
                count: (Int(Self.pieceSize) + StoredBlock.storedPageLimit) * PageFrame.size)
            let unpacked = AlignedBuffer(count: Int(StoredBlock.pageLimit) * PageFrame.size)
            while true {
                let (first, blocks) = try stream.withLock { stream throws in
                    try stream.next(Self.pieceSize, into: stored.bytes) { pages, buffer throws in
                        try read(pages, into: [buffer])
                    }
                }
                if blocks.isEmpty { break }
                do {
                    for block in blocks {
                        let offset = Int(block.firstStoredPage - first) * PageFrame.size
                        let bytes = UnsafeRawBufferPointer(rebasing: stored.bytes[offset...])
                        let share = try unpack(block, bytes, unpacked.bytes, places)
                        checksum.bitwiseXor(share, ordering: .relaxed)
                    }
                } catch {
                    stream.withLock { $0.close() }
                    throw error
                }
            }
        }
        try image.check(checksum: checksum.load(ordering: .relaxed))
    }

    /// Unpacks a block into its place if that is in one piece, else by way of `spare`.
    ///
    /// - Returns: its share of the image's checksum.
    private func unpack(
        _ block: StoredBlock, _ stored: UnsafeRawBufferPointer,
        _ spare: UnsafeMutableRawBufferPointer, _ places: PagePlaces?
    ) throws -> UInt32 {
        let data = image.dataPages(in: block.pages)
        let pages = Int(data.lowerBound)..<Int(data.upperBound)
        var target = UnsafeMutableRawBufferPointer(rebasing: spare[..<block.size])
        // The first blocks begin with frame lists, which have no place.
        var isInPlace = false
        if pages.count == block.pageCount, let place = places?.onePlace(of: pages) {
            target = place
            isInPlace = true
        }
        try block.unpack(stored, by: image.header.compression, into: target)
        if let places, !isInPlace, !pages.isEmpty {
            let size = pages.count * PageFrame.size
            places.store(
                UnsafeRawBufferPointer(rebasing: target[(target.count - size)...]),
                firstPage: pages.lowerBound)
        }
        progress.advance(by: UInt64(pages.count) * UInt64(PageFrame.size))
        return image.checksumShare(of: UnsafeRawBufferPointer(target), firstPage: block.firstPage)
    }

    /// Reads stored pages into memory that has room for just as many.
    private func read(
        _ pages: Range<UInt64>, into vectors: [UnsafeMutableRawBufferPointer]
    ) throws {
        var vectors = vectors[...]
        for extent in image.map.extents(of: pages) {
            var left = Int(extent.count) * PageFrame.size
            var part: [UnsafeMutableRawBufferPointer] = []
            while left > 0, let first = vectors.popFirst() {
                let size = min(left, first.count)
                part.append(UnsafeMutableRawBufferPointer(rebasing: first[..<size]))
                if size < first.count {
                    vectors.insert(
                        UnsafeMutableRawBufferPointer(rebasing: first[size...]),
                        at: vectors.startIndex)
                }
                left -= size
            }
            try area.device.read(into: part, at: extent.first.offset)
        }
    }
}

/// The stored pages of a compressed image, read from the beginning to the end.
private struct BlockStream {
    private var walk: BlockWalk
    private let storedPages: UInt64
    /// The next page to be read.
    private var position: UInt64 = 0
    /// The beginning of a block whose end was not read yet.
    private var rest: [UInt8] = []
    private var isClosed = false

    init(_ walk: BlockWalk, stored: UInt64) {
        self.walk = walk
        storedPages = stored
    }

    /// Gives no more: what was read is lost.
    mutating func close() { isClosed = true }

    /// Reads about `count` pages into `buffer` and finds the blocks in them.
    ///
    /// - Returns: the number of the first page in the buffer, and the blocks; none at the end.
    mutating func next(
        _ count: UInt64, into buffer: UnsafeMutableRawBufferPointer,
        _ read: (Range<UInt64>, UnsafeMutableRawBufferPointer) throws -> Void
    ) throws -> (first: UInt64, blocks: [StoredBlock]) {
        if isClosed || walk.isComplete { return (position, []) }
        let first = walk.position
        buffer.copyBytes(from: rest)
        let end = min(position + count, storedPages)
        let size = Int(end - position) * PageFrame.size
        let filled = rest.count + size
        if size > 0 {
            try read(
                position..<end,
                UnsafeMutableRawBufferPointer(rebasing: buffer[rest.count..<filled]))
        }
        position = end
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        let blocks = try walk.take(from: bytes.bytes)
        if blocks.isEmpty { try walk.finish() }
        rest = Array(bytes[(Int(walk.position - first) * PageFrame.size)...])
        return (first, blocks)
    }
}
