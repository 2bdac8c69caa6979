// SPDX-License-Identifier: GPL-2.0-or-later

import CLZO
import Compression
import PhysicalMemory

@testable import SwsuspImage

extension FuzzTarget {
    /// Compressed pages, as any device can hold them. An input is: which compression (1 byte), how
    /// many pages it should come to (1 byte), and the compressed bytes.
    static let blocks = FuzzTarget(name: "blocks", inputLimit: 4096) {
        let page = Recipe.contents(1)
        let pages = (0..<4).flatMap { Recipe.contents($0) }
        return [page, pages].flatMap { content -> [[UInt8]] in
            let count = UInt8(content.count / 4096 - 1)
            var packed = [UInt8](repeating: 0, count: content.count * 2)
            var seeds: [[UInt8]] = []
            let lz4 = content.withUnsafeBytes { content in
                packed.withUnsafeMutableBytes { LZ4.compress(content, into: $0) }
            }
            if let lz4 { seeds += [0, 3].map { [$0, count] + packed[..<lz4] } }
            let zstd = content.withUnsafeBytes { content in
                packed.withUnsafeMutableBytes {
                    Zstandard.Compressor(level: 1)?.compress(content, into: $0)
                }
            }
            if let zstd { seeds.append([1, count] + packed[..<zstd]) }
            var work = [UInt64](repeating: 0, count: 16384)
            var size = lzo_uint(packed.count)
            if lzo1x_1_compress(content, lzo_uint(content.count), &packed, &size, &work) == 0 {
                seeds += [2, 4].map { [$0, count] + packed[..<Int(size)] }
            }
            return seeds
        }
    } test: { input in
        guard input.count > 2 else { return }
        let count = Int(input[1] % 32) + 1
        let block = Array(input[2...])
        switch input[0] % 5 {
        case 0: check(block, count) { source, pages in try LZ4.decompress(source, into: pages) }
        case 1:
            check(block, count) { source, pages in
                try Zstandard.Decompressor()?.decompress(source, into: pages)
            }
        case 2: check(block, count) { source, pages in try LZO.decompress(source, into: pages) }
        case 3: checkStored(block, count, by: .lz4)
        default: checkStored(block, count, by: .lzo)
        }
    }

    /// What is unpacked fills its place, whatever was there.
    private static func check(
        _ block: [UInt8], _ count: Int,
        _ unpack: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) throws -> Void
    ) {
        let source = GuardedBuffer(block)
        let found = [UInt8(0), 0xff].map { filling -> [UInt8]? in
            let pages = GuardedBuffer(size: count * PageFrame.size)
            pages.bytes.initializeMemory(as: UInt8.self, repeating: filling)
            do { try unpack(source.content, pages.bytes) } catch { return nil }
            return Array(pages.bytes)
        }
        require(found[0] == found[1], "not all of the pages were written")
        require(source.bytes.elementsEqual(block), "the block was written")
    }

    /// The same as the kernel stores it, found by its length.
    private static func checkStored(
        _ block: [UInt8], _ count: Int, by compression: SwsuspHeader.Compression
    ) {
        var stored = withUnsafeBytes(of: UInt64(block.count).littleEndian) { Array($0) } + block
        stored += repeatElement(0xa5, count: (4096 - stored.count % 4096) % 4096)
        var walk = BlockWalk(
            storedPageCount: UInt64(stored.count / 4096), streamPages: UInt64(count))
        guard let found = try? walk.take(from: stored.span.bytes).first else { return }
        require(walk.isComplete && found.size == count * PageFrame.size, "\(found)")
        check(stored, count) { source, pages in
            try found.unpack(source, by: compression, into: pages)
        }
    }
}
