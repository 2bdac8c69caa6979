// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import PhysicalMemory

extension SwsuspImage {
    /// How many levels the image's page tables have, from the few pages that tell (see
    /// ``RestoreRecord/pagingLevels(page:)``), and in a compressed image from the lengths of the
    /// blocks before them, each in a page of its own.
    ///
    /// `readAt` is that of ``read(_:readAt:)``. What it gives is not compared with the image's
    /// checksum, for which all data would have to be read.
    package func pagingLevels<E>(
        readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> UInt32 {
        var pages = SinglePages(of: self)
        var failure: SwsuspReadError<E>?
        let levels = Result { () throws(RestoreRecordError) in
            try info.restore.pagingLevels { frame in
                guard failure == nil else { return nil }
                do throws(SwsuspReadError<E>) {
                    return try pages.page(at: frame, readAt)
                } catch {
                    failure = error
                    return nil
                }
            }
        }
        if let failure { throw failure }
        do throws(RestoreRecordError) { return try levels.get() } catch {
            throw .image(.restoreRecord(error))
        }
    }
}

/// Reads pages out of the middle of an image.
private struct SinglePages {
    private let image: SwsuspImage
    private var walk: BlockWalk
    /// Those that the walk has passed, in order.
    private var blocks: [StoredBlock] = []
    /// The block that was unpacked last: tables tend to be close to one another.
    private var unpacked: (index: UInt64, pages: [UInt8])?

    /// Those of an uncompressed image are not looked for.
    init(of image: SwsuspImage) {
        self.image = image
        walk = image.blockWalk()
    }

    /// The contents of a frame; nil where the image has nothing for it.
    mutating func page<E>(
        at frame: PageFrame, _ readAt: (UInt64, Int) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> [UInt8]? {
        if image.runs.contains(where: { $0.kind == .zero && $0.frames.contains(frame) }) {
            return [UInt8](repeating: 0, count: PageFrame.size)
        }
        guard let page = image.runs.dataPage(of: frame) else { return nil }
        let place = image.info.listPages + UInt64(page)
        if image.header.compression == .none {
            return try SwsuspImage.read(place..<place + 1, image.map) { (extents) throws(E) in
                try readEach(of: extents, readAt)
            }
        }
        let pages = try unpackedBlock(with: place, readAt)
        let start = Int(place % StoredBlock.pageLimit) * PageFrame.size
        return Array(pages[start..<start + PageFrame.size])
    }

    private mutating func unpackedBlock<E>(
        with page: UInt64, _ readAt: (UInt64, Int) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> [UInt8] {
        let index = page / StoredBlock.pageLimit
        if let unpacked, unpacked.index == index { return unpacked.pages }
        let block = try block(at: index, readAt)
        let stored = try SwsuspImage.read(block.storedPages, image.map) { (extents) throws(E) in
            try readEach(of: extents, readAt)
        }
        let pages = try parsing(E.self) { () throws(SwsuspError) in
            try block.unpack(stored[...], by: image.header.compression)
        }
        unpacked = (index, pages)
        return pages
    }

    private mutating func block<E>(
        at index: UInt64, _ readAt: (UInt64, Int) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> StoredBlock {
        while blocks.count <= index {
            let start = walk.position
            guard start < image.map.pageCount else {
                throw .image(
                    .missingBlocks(found: UInt64(blocks.count), expected: walk.blockCount))
            }
            let first = try SwsuspImage.read(start..<start + 1, image.map) { (extents) throws(E) in
                try readEach(of: extents, readAt)
            }
            let block = try parsing(E.self) { () throws(SwsuspError) in
                try walk.take(length: first.span.bytes.u64(at: 0))
            }
            blocks.append(block)
        }
        return blocks[Int(index)]
    }
}
