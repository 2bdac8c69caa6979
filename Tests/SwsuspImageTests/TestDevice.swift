// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory
import SwapArea

@testable import SwsuspImage

/// A device that is an array, with an image on it.
struct TestDevice {
    var bytes: [UInt8]
    var headerPage: UInt64
    var mapPages: [Int] = []
    /// Where the info page and what follows it were put.
    var stored: [Int] = []

    init(pages: Int, headerPage: UInt64) {
        bytes = [UInt8](repeating: 0, count: pages * 4096)
        self.headerPage = headerPage
    }

    /// Offsets of pages, in bytes.
    var header: Int { Int(headerPage) * 4096 }
    var info: Int { stored[0] * 4096 }

    /// Of an entry in the map; 511 is the next map page's number.
    func entry(_ index: Int, ofMapPage page: Int = 0) -> Int { mapPages[page] * 4096 + 8 * index }

    mutating func put(_ new: [UInt8], at offset: Int) {
        bytes.replaceSubrange(offset..<offset + new.count, with: new)
    }

    mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) { put(Array($0), at: offset) }
    }

    /// A reader that asks for pages that are not there is wrong.
    func read(_ offset: UInt64, _ count: Int) -> [UInt8] {
        precondition(offset % 4096 == 0 && count % 4096 == 0 && count > 0, "whole pages")
        return Array(bytes[Int(offset)..<Int(offset) + count])
    }

    var devicePages: UInt64 { UInt64(bytes.count / 4096) }

    func front() throws(SwsuspError) -> SwsuspFront? {
        do {
            return try SwsuspFront.read(
                headerPage: DevicePage(headerPage), devicePages: devicePages, readAt: read)
        } catch {
            switch error {
            case .image(let error): throw error
            }
        }
    }

    func image() throws(SwsuspError) -> SwsuspImage {
        guard let front = try front() else { throw .noPages }
        do { return try SwsuspImage.read(front, readAt: read) } catch {
            switch error {
            case .image(let error): throw error
            }
        }
    }

    /// All of the image's stream, unpacked and checked, as one who restores it reads it: pieces of
    /// `piece` stored pages, the rest of one carried over to the next.
    func stream(of image: SwsuspImage, piece: UInt64 = 100) throws(SwsuspError) -> [UInt8] {
        var stream = [UInt8](repeating: 0, count: Int(image.info.streamPages) * 4096)
        var walk = image.blockWalk()
        var carried: [UInt8] = []
        var checksum: UInt32 = 0
        for start in stride(from: 0, to: image.map.pageCount, by: Int(piece)) {
            let end = min(start + piece, image.map.pageCount)
            let bytes = image.map.extents(of: start..<end).flatMap {
                read($0.first.offset, Int($0.count) * 4096)
            }
            if image.header.compression == .none {
                stream.replaceSubrange(Int(start) * 4096..<Int(end) * 4096, with: bytes)
                continue
            }
            carried += bytes
            let first = walk.position
            // In reverse, as the threads may finish.
            for block in try walk.take(from: carried.span.bytes).reversed() {
                let stored = carried[Int(block.firstStoredPage - first) * 4096..<carried.count]
                let pages = try unpack(block, stored, by: image.header.compression)
                checksum ^= pages.withUnsafeBytes {
                    image.checksumShare(of: $0, firstPage: block.firstPage)
                }
                stream.replaceSubrange(
                    Int(block.firstPage) * 4096..<Int(block.pages.upperBound) * 4096, with: pages)
            }
            carried.removeFirst(Int(walk.position - first) * 4096)
        }
        if image.header.compression == .none { return stream }
        try walk.finish()
        try image.check(checksum: checksum)
        return stream
    }

    private func unpack(
        _ block: StoredBlock, _ stored: ArraySlice<UInt8>,
        by compression: SwsuspHeader.Compression
    ) throws(SwsuspError) -> [UInt8] {
        var pages = [UInt8](repeating: 0, count: block.size)
        let outcome = stored.withUnsafeBytes { stored in
            pages.withUnsafeMutableBytes { pages in
                Result { () throws(SwsuspError) in
                    try block.unpack(stored, by: compression, into: pages)
                }
            }
        }
        try outcome.get()
        return pages
    }

    /// What a reader of everything says, or nil if it finds nothing wrong.
    var complaint: SwsuspError? {
        do throws(SwsuspError) {
            let image = try image()
            _ = try stream(of: image)
            return nil
        } catch { return error }
    }
}
