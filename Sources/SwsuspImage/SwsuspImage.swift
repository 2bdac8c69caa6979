// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import PhysicalMemory
import SwapArea

/// An image of the kernel's own hibernation: everything about it but the pages themselves.
///
/// The *stored pages* are those of the swap map after the info page. The *stream* is what they
/// hold, uncompressed: the frame lists, then the data pages, in the order of ``runs``. In an
/// uncompressed image they are the same.
package struct SwsuspImage: Hashable, Sendable {
    package let front: SwsuspFront
    package let map: SwapMap
    /// Ascending, disjoint, below the frame limit.
    package let runs: [PageRun]

    package var header: SwsuspHeader { front.header }
    package var info: SwsuspInfo { front.info }

    /// Reads and checks the swap map and the frame lists.
    ///
    /// What this takes in memory is bounded by the size of the lists, which the number of the
    /// machine's pages bounds: compare the memory map before, and an absurd one never comes here.
    /// - Parameter readExtents: reads pages of the device, one extent after the other, as many bytes; few at
    ///   a time. The map is asked for page by page, as each says where the next one is.
    package static func read<E>(
        _ front: SwsuspFront, readExtents: ([DeviceRun]) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> SwsuspImage {
        let map = try readMap(front, readExtents)
        let runs =
            front.header.compression == .none
            ? try readLists(front.info, map, readExtents)
            : try readCompressedLists(front, map, readExtents)
        for frame in front.info.restore.firstFrames {
            guard runs.contains(where: { $0.kind == .data && $0.frames.contains(frame) }) else {
                throw .image(.missingFrame(frame))
            }
        }
        return SwsuspImage(front: front, map: map, runs: runs)
    }

    /// The same for one who reads an extent at a time: `readAt` is that of
    /// ``SwsuspFront/read(headerPage:devicePages:readAt:)``.
    package static func read<E>(
        _ front: SwsuspFront, readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> SwsuspImage {
        try read(
            front, readExtents: { (extents) throws(E) in try readEach(of: extents, readAt) })
    }

    private static func readMap<E>(
        _ front: SwsuspFront, _ readExtents: ([DeviceRun]) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> SwapMap {
        var reader = SwapMapReader(headerPage: front.headerPage, limit: front.limit)
        var next: DevicePage? = front.header.firstMapPage
        try parsing(E.self) { () throws(SwsuspError) in
            try reader.visit(
                front.header.firstMapPage,
                foundAt: front.headerPage.offset + SwsuspHeader.mapPageOffset)
        }
        while let page = next {
            let bytes = try readPages([DeviceRun(page, count: 1)], readExtents)
            next = try parsing(E.self) { () throws(SwsuspError) in
                try reader.append(bytes.span.bytes, at: page)
            }
        }
        let map = try parsing(E.self) { () throws(SwsuspError) in try reader.finish().map }
        guard front.storedPages.contains(map.pageCount) else {
            throw .image(.storedPages(found: map.pageCount, expected: front.storedPages))
        }
        return map
    }

    /// Pages that are read in one call, or a few where they are not together on the device.
    private static let pieceSize: UInt64 = 256

    private static func readLists<E>(
        _ info: SwsuspInfo, _ map: SwapMap, _ readExtents: ([DeviceRun]) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> [PageRun] {
        var lists = FrameListReader(info)
        while !lists.isComplete {
            let end = min(lists.pageCount + pieceSize, info.listPages)
            let bytes = try read(lists.pageCount..<end, map, readExtents)
            try parsing(E.self) { () throws(SwsuspError) in try lists.append(pages: bytes) }
        }
        return try parsing(E.self) { () throws(SwsuspError) in try lists.finish() }
    }

    private static func readCompressedLists<E>(
        _ front: SwsuspFront, _ map: SwapMap, _ readExtents: ([DeviceRun]) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> [PageRun] {
        var lists = FrameListReader(front.info)
        var walk = BlockWalk(
            storedPageCount: map.pageCount, streamPages: front.info.streamPages)
        while !lists.isComplete {
            let start = walk.position
            let bytes = try read(start..<min(start + pieceSize, map.pageCount), map, readExtents)
            try parsing(E.self) { () throws(SwsuspError) in
                for block in try walk.take(from: bytes.span.bytes) where !lists.isComplete {
                    let stored = Int(block.firstStoredPage - start) * PageFrame.size
                    try lists.append(
                        pages: try block.unpack(bytes[stored...], by: front.header.compression))
                }
                // A piece is longer than a block, so the walk stops at the end only.
                if walk.position == start { try walk.finish() }
            }
        }
        return try parsing(E.self) { () throws(SwsuspError) in try lists.finish() }
    }

    static func read<E>(
        _ pages: Range<UInt64>, _ map: SwapMap,
        _ readExtents: ([DeviceRun]) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> [UInt8] {
        try readPages(map.extents(of: pages), readExtents)
    }
}

extension FrameListReader {
    /// Takes in several pages; the data pages behind the last list are passed over.
    fileprivate mutating func append(pages bytes: [UInt8]) throws(SwsuspError) {
        for start in stride(from: 0, to: bytes.count, by: PageFrame.size) where !isComplete {
            try append(bytes.span.bytes.extracting(start..<start + PageFrame.size))
        }
    }
}

extension StoredBlock {
    func unpack(
        _ stored: ArraySlice<UInt8>, by compression: SwsuspHeader.Compression
    ) throws(SwsuspError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        try stored.span.bytes.withUnsafeBytes { (bytes) throws(SwsuspError) in
            try unpack(bytes, by: compression, into: buffer)
        }
        return [UInt8](buffer)
    }
}
