// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapArea
import SwsuspImage
import Synchronization
import Threads

/// Brings the data of an image of the kernel's own hibernation from the device. More threads than
/// CPUs, so that while some wait for the device the others keep the CPUs busy.
package struct ReadStockImage: Sendable {
    package let image: SwsuspImage
    package let area: StockArea
    package let progress: Progress

    package init(
        image: SwsuspImage, area: StockArea, progress: Progress
    ) {
        self.image = image
        self.area = area
        self.progress = progress
    }

    /// Pages that one thread takes at a time.
    private static let pieceSize: UInt64 = 256

    /// Puts every page in its place; or into none, only to check it.
    ///
    /// - Parameter places: may be known later.
    package func load(into places: PagePlaces?) throws {
        if image.header.compression == .none {
            try loadPlain(into: places)
        } else {
            try loadCompressed(into: places)
        }
    }

    private static func pieces(of pages: UInt64) -> [Range<Int>] {
        stride(from: 0, to: pages, by: Int(pieceSize)).map { first in
            Int(first)..<Int(min(first + pieceSize, pages))
        }
    }

    /// Every page's place on the device is known: each thread reads any of them, into its place.
    private func loadPlain(into places: PagePlaces?) throws {
        let pieces = Self.pieces(of: image.info.dataPages)
        let queue = LoadQueue(pieces, places)
        try Parallel.run(Workers.count) { _ in
            let ring = ReadRing()
            let spare = AlignedBuffer(count: Int(Self.pieceSize) * PageFrame.size)
            try queue.takeEach { piece in
                let pages = pieces[piece]
                let targets = try places?.places(of: pages) ?? [spare.bytes]
                let lists = image.info.listPages
                try read(
                    UInt64(pages.lowerBound) + lists..<UInt64(pages.upperBound) + lists,
                    into: targets, by: ring)
                progress.advance(by: UInt64(pages.count) * UInt64(PageFrame.size))
            }
        }
    }

    /// Where a block begins is known only from those before it. So the threads read the pieces at
    /// the same time, but look for the blocks one after the other, each handing over to the next
    /// the beginning of a block that ends in the next one's piece. Then each unpacks its blocks.
    private func loadCompressed(into places: PagePlaces?) throws {
        let pieces = Self.pieces(of: image.map.pageCount)
        let queue = WorkQueue(count: pieces.count)
        let cutter = Sequencer(BlockCutter(image.blockWalk()))
        let checksum = Atomic<UInt32>(0)
        // A block is longer than what is left of it by a page at least.
        let room = (StoredBlock.storedPageLimit - 1) * PageFrame.size
        try Parallel.run(Workers.count) { _ in
            let ring = ReadRing()
            let stored = AlignedBuffer(count: room + Int(Self.pieceSize) * PageFrame.size)
            let unpacked = AlignedBuffer(count: Int(StoredBlock.pageLimit) * PageFrame.size)
            do {
                try queue.takeEach { piece in
                    try places?.throwIfCancelled()
                    let pages = pieces[piece]
                    let end = room + pages.count * PageFrame.size
                    try read(
                        UInt64(pages.lowerBound)..<UInt64(pages.upperBound),
                        into: [.init(rebasing: stored.bytes[room..<end])], by: ring)
                    let cut = try cutter.perform(piece) { cutter in
                        try cutter.cut(.init(rebasing: stored.bytes[..<end]), pieceAt: room)
                    }
                    guard let cut else { return }
                    for block in cut.blocks {
                        let offset =
                            cut.start + Int(block.firstStoredPage - cut.firstPage) * PageFrame.size
                        let share = try unpack(
                            block, UnsafeRawBufferPointer(rebasing: stored.bytes[offset...]),
                            unpacked.bytes, places)
                        checksum.bitwiseXor(share, ordering: .relaxed)
                    }
                }
            } catch {
                cutter.cancel()
                places?.cancel(error)
                throw error
            }
        }
        try cutter.perform(queue.count) { cutter in try cutter.finish() }
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
        if pages.count == block.pageCount, let place = try places?.onePlace(of: pages) {
            target = place
            isInPlace = true
        }
        try block.unpack(stored, by: image.header.compression, into: target)
        if let places, !isInPlace, !pages.isEmpty {
            let size = pages.count * PageFrame.size
            try places.store(
                UnsafeRawBufferPointer(rebasing: target[(target.count - size)...]),
                firstPage: pages.lowerBound)
        }
        progress.advance(by: UInt64(pages.count) * UInt64(PageFrame.size))
        return image.checksumShare(of: UnsafeRawBufferPointer(target), firstPage: block.firstPage)
    }

    /// Reads stored pages into memory that has room for just as many. Linux 6.15 to 6.19
    /// scatter them over the device (since commit 0ff67f990bd4), up to as many extents as there are pages.
    private func read(
        _ pages: Range<UInt64>, into vectors: [UnsafeMutableRawBufferPointer], by ring: ReadRing?
    ) throws {
        var vectors = vectors[...]
        var parts: [BlockDevice.Part] = []
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
            parts.append(.init(part, at: extent.first.offset))
        }
        try area.device.read(parts, by: ring)
    }
}

/// Cuts the stored pages of a compressed image into blocks, piece by piece.
private struct BlockCutter {
    struct Cut {
        var blocks: [StoredBlock]
        /// Where in the buffer they begin, in bytes, and with which stored page.
        var start: Int
        var firstPage: UInt64
    }

    private var walk: BlockWalk
    /// The beginning of a block whose end was not read yet.
    private var rest: [UInt8] = []

    init(_ walk: BlockWalk) { self.walk = walk }

    /// Finds the blocks that end in the next piece, which lies in `buffer` from `piece` on; what
    /// was left of the last one is copied in front of it.
    mutating func cut(
        _ buffer: UnsafeMutableRawBufferPointer, pieceAt piece: Int
    ) throws -> Cut {
        let start = piece - rest.count
        buffer[start...].copyBytes(from: rest)
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[start...])
        let first = walk.position
        let blocks = try walk.take(from: bytes.bytes)
        rest = Array(bytes[(Int(walk.position - first) * PageFrame.size)...])
        return Cut(blocks: blocks, start: start, firstPage: first)
    }

    /// After the last piece: whether all blocks were found.
    func finish() throws { try walk.finish() }
}
