// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import CLZ4
import CLZO
import Checksum
import KresumeImage
import PhysicalMemory
import TestSupport

@testable import SwsuspImage

/// A hibernated machine, and how the kernel writes it down.
struct Recipe {
    var compression = SwsuspHeader.Compression.none
    /// Not 0: the image is in a swap file, in two pieces.
    var headerPage: UInt64 = 0
    /// No page follows the one before, as where the swap allocator gives pages of many clusters in turn.
    var isScattered = false
    /// A map page that is full gets a successor at once, as in 6.12; else when there is another page, as in 7.3.
    var mapsAhead = true
    var data: [UInt64: [UInt8]] = [:]
    var zero: Set<UInt64> = []
    var memoryPages: UInt64 = 4096
    var flags: SwsuspHeader.Flags = []

    // Damage that the rest agrees with.
    var editLists: (inout [UInt64]) -> Void = { _ in }
    var editInfo: (inout [UInt8]) -> Void = { _ in }
    /// Stored pages after the info page.
    var editStored: (inout [[UInt8]]) -> Void = { _ in }

    static let jumpAddress: UInt64 = 0xffff_ffff_8040_1040
    static let physicalJumpAddress = PhysicalAddress(0x40_1040)
    static let root: UInt64 = 0x20

    /// With `pages` data pages besides the page tables and the entry.
    init(_ compression: SwsuspHeader.Compression, pages: Int = 110, depth: PagingDepth = .five) {
        self.compression = compression
        for (index, frame) in (0..<pages).map({ ($0, 0x500 + UInt64($0 + $0 / 9)) }) {
            data[frame] = Self.contents(index)
            if index % 9 == 8 { zero.insert(frame + 1) }
        }
        data[0x401] = Self.contents(1)
        let tables = Self.tables(depth)
        for (frame, entries) in tables { data[frame] = Self.table(entries) }
    }

    /// The kernel's text, with one page of 2 MiB for the entry.
    static func tables(_ depth: PagingDepth) -> [UInt64: [Int: UInt64]] {
        var tables: [UInt64: [Int: UInt64]] = [
            0x21: [510: 0x22063], 0x22: [2: 0x40_01e1],
        ]
        switch depth {
        case .four: tables[root] = [511: 0x21067]
        case .five:
            tables[root] = [511: 0x23067]
            tables[0x23] = [511: 0x21067]
        }
        return tables
    }

    static func table(_ entries: [Int: UInt64]) -> [UInt8] {
        var words = [UInt64](repeating: 0, count: 512)
        for (index, entry) in entries { words[index] = entry }
        return bytes(words)
    }

    /// Made once: most tests write an image, and in a debug build this is half of its time.
    private static let pages = (0..<700).map(newContents)

    static func contents(_ index: Int) -> [UInt8] { pages[index] }

    /// Every third page does not shrink.
    private static func newContents(_ index: Int) -> [UInt8] {
        var random = SplitMix(state: UInt64(index))
        if index % 3 == 0 { return bytes((0..<512).map { _ in random.next() }) }
        return (0..<4096).map { UInt8(truncatingIfNeeded: $0 / 17 + index) }
    }

    static func bytes(_ words: [UInt64]) -> [UInt8] {
        words.map(\.littleEndian).withUnsafeBytes { Array($0) }
    }

    var frames: [UInt64] { zero.union(data.keys).sorted() }

    /// Frame lists and data.
    var stream: [UInt8] {
        var words = frames.map { zero.contains($0) ? $0 | 1 << 63 : $0 }
        if words.count % 512 != 0 { words.append(~0) }
        words += repeatElement(0, count: (512 - words.count % 512) % 512)
        editLists(&words)
        return Self.bytes(words) + data.keys.sorted().flatMap { data[$0]! }
    }

    private func block(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let source = Array(bytes)
        var packed = [UInt8](repeating: 0, count: source.count * 17 / 16 + 67)
        let length: Int
        switch compression {
        case .none: return source
        case .lz4:
            length = Int(
                LZ4_compress_default(source, &packed, Int32(source.count), Int32(packed.count)))
        case .lzo:
            var work = [UInt64](repeating: 0, count: 16384)
            var count = lzo_uint(packed.count)
            precondition(
                lzo1x_1_compress(source, lzo_uint(source.count), &packed, &count, &work) == 0)
            length = Int(count)
        }
        let block = Self.bytes([UInt64(length)]) + packed[..<length]
        // The kernel pads with what its buffer held before.
        return block + repeatElement(0xa5, count: (4096 - block.count % 4096) % 4096)
    }

    private var info: [UInt8] {
        let listPages = UInt64((frames.count + 511) / 512)
        let pages = 1 + listPages + UInt64(data.count)
        var words = [UInt64](repeating: 0, count: 512)
        words[0] = Self.jumpAddress
        words[1] = Self.physicalJumpAddress.rawValue
        words[2] = Self.root << 12
        words[3] = 0x2345_6789_abcd_ef02
        words[4] = 0x6394_ad44
        words[50] = memoryPages
        words[52] = UInt64(data.count)
        words[53] = pages
        words[54] = pages * 4096
        var info = Self.bytes(words)
        editInfo(&info)
        return info
    }

    /// The device, as it is when the machine is off.
    func write() -> TestDevice {
        let stream = stream
        let size = compression == .none ? 4096 : 32 * 4096
        var stored = [[UInt8]]()
        for start in stride(from: 0, to: stream.count, by: size) {
            let block = block(stream[start..<min(start + size, stream.count)])
            for page in stride(from: 0, to: block.count, by: 4096) {
                stored.append(Array(block[page..<page + 4096]))
            }
        }
        editStored(&stored)
        stored.insert(info, at: 0)

        let needed = stored.count + stored.count / 511 + 1
        let pageCount = Int(headerPage) + needed + 20
        var free = Array(Int(headerPage) + 1..<pageCount)
        // The second piece lies before the first.
        if headerPage != 0 { free = Array(free[50...] + free[..<50]) }
        if isScattered { free = (0..<7).flatMap { part in free.filter { $0 % 7 == part } } }
        var device = TestDevice(pages: pageCount, headerPage: headerPage)
        func allocate() -> Int { free.removeFirst() }

        device.mapPages = [allocate()]
        var slot = 0
        func followMapPage() {
            let next = allocate()
            device.put(UInt64(next), at: device.mapPages.last! * 4096 + 8 * slot)
            device.mapPages.append(next)
            slot = 0
        }
        for page in stored {
            if slot == 511 { followMapPage() }
            let place = allocate()
            device.put(page, at: place * 4096)
            device.stored.append(place)
            device.put(UInt64(place), at: device.mapPages.last! * 4096 + 8 * slot)
            slot += 1
            if slot == 511, mapsAhead { followMapPage() }
        }

        device.put(UInt32(1), at: device.header + 1024)
        device.put(UInt32(pageCount - 1), at: device.header + 1028)
        var flags = flags
        switch compression {
        case .none: flags.insert(.uncompressed)
        case .lzo: flags.insert(.checksum)
        case .lz4: flags.formUnion([.checksum, .lz4])
        }
        device.put(UInt32(0x1234), at: device.header + 4056)
        device.put(CRC32.update(0, stream), at: device.header + 4060)
        device.put(UInt64(device.mapPages[0]), at: device.header + 4064)
        device.put(flags.rawValue, at: device.header + 4072)
        device.put(Array("SWAPSPACE2".utf8), at: device.header + 4076)
        device.put(Array("S1SUSPEND\0".utf8), at: device.header + 4086)
        return device
    }
}
