// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// As little of a file system as it takes to have a file `swap` in its root directory: what of it is not
/// zero, by its place on the device.
package struct SmallFileSystem: Sendable {
    package typealias Piece = (offset: UInt64, bytes: [UInt8])

    /// None has more than 255 bytes.
    package private(set) var pieces: [Piece] = []

    /// In bytes: where all of it is, but for the file.
    package static let size = 256 << 10

    private mutating func put(_ bytes: [UInt8], _ offset: Int) {
        pieces.append((UInt64(offset), bytes))
    }

    private mutating func little<T: FixedWidthInteger>(_ value: T, _ offset: Int) {
        put(withUnsafeBytes(of: value.littleEndian) { Array($0) }, offset)
    }

    private mutating func big<T: FixedWidthInteger>(_ value: T, _ offset: Int) {
        little(value.byteSwapped, offset)
    }

    /// - Parameter page: where the file's 16 pages are.
    package static func ext(swapAt page: UInt32) -> SmallFileSystem {
        var made = SmallFileSystem()
        let superblock = 1024
        made.little(UInt32(32), superblock)
        made.little(UInt32(2), superblock + 0x18)
        made.little(UInt32(32768), superblock + 0x20)
        made.little(UInt32(32), superblock + 0x28)
        made.little(UInt16(0xef53), superblock + 0x38)
        made.little(UInt32(1), superblock + 0x4c)
        made.little(UInt16(128), superblock + 0x58)
        made.little(UInt32(0x42), superblock + 0x60)
        made.little(UInt32(2), 4096 + 8)  // the inode table's block
        for (inode, mode, size, block, count) in [
            (2, UInt16(0o040755), UInt32(4096), UInt32(3), UInt16(1)),
            (12, 0o100600, 16 * 4096, page, 16),
        ] {
            let place = 2 * 4096 + (inode - 1) * 128
            made.little(mode, place)
            made.little(size, place + 4)
            made.little(UInt32(0x8_0000), place + 0x20)
            made.put([0x0a, 0xf3, 1, 0, 4, 0], place + 0x28)
            made.little(count, place + 0x28 + 16)
            made.little(block, place + 0x28 + 20)
        }
        made.little(UInt32(12), 3 * 4096)
        made.put([0, 0x10, 4, 1] + Array("swap".utf8), 3 * 4096 + 4)
        return made
    }

    package static func xfs(swapAt page: UInt32) -> SmallFileSystem {
        var made = SmallFileSystem()
        made.put(Array("XFSB".utf8), 0)
        made.big(UInt32(4096), 4)
        made.big(UInt64(16), 56)  // the root directory
        made.big(UInt32(16384), 84)
        made.big(UInt32(1), 88)
        made.big(UInt16(5), 100)
        made.big(UInt16(512), 104)
        made.put([12, 9, 9, 3, 14], 120)
        made.big(UInt32(1), 216)
        for (inode, mode, form) in [(16, UInt16(0o040755), UInt8(1)), (17, 0o100600, 2)] {
            let place = 2 * 4096 + (inode - 16) * 512
            made.put(Array("IN".utf8), place)
            made.big(mode, place + 2)
            made.put([3, form], place + 4)
            made.big(UInt64(16 * 4096), place + 56)
            made.big(UInt32(1), place + 76)
        }
        made.put([1, 0, 0, 0, 0, 16, 4, 0, 0] + Array("swap".utf8) + [1, 0, 0, 0, 17], 8192 + 176)
        made.big(UInt64(page) << 21 | 16, 8192 + 512 + 184)
        return made
    }

    package static func btrfs(swapAt page: UInt32) -> SmallFileSystem {
        var made = SmallFileSystem()
        let superblock = 65536
        made.put(Array("_BHRfS_M".utf8), superblock + 64)
        made.little(UInt64(0x21000), superblock + 80)
        made.little(UInt64(0x20000), superblock + 88)
        made.little(UInt64(1), superblock + 136)
        made.little(UInt32(4096), superblock + 148)
        made.little(UInt32(97), superblock + 160)
        made.little(UInt64(1), superblock + 201)
        // Its addresses are those of the device.
        var chunk = [UInt8](repeating: 0, count: 80)
        chunk.store(UInt64(64 << 20), at: 0)
        chunk.store(UInt16(1), at: 44)
        chunk.store(UInt64(1), at: 48)
        made.put(key(256, 228, 0) + chunk, superblock + 811)
        made.leaf(0x20000, [(key(256, 228, 0), chunk)])
        var root = [UInt8](repeating: 0, count: 239)
        root.store(UInt64(0x22000), at: 176)
        made.leaf(0x21000, [(key(5, 132, 0), root)])
        let entry = key(257, 1, 0) + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1] + Array("swap".utf8)
        var extent = [UInt8](repeating: 0, count: 53)
        extent[20] = 1
        extent.store(UInt64(page) * 4096, at: 21)
        made.leaf(
            0x22000,
            [
                (key(256, 1, 0), inode(mode: 0o040755, size: 8)), (key(256, 96, 2), entry),
                (key(257, 1, 0), inode(mode: 0o100600, size: 16 * 4096)),
                (key(257, 108, 0), extent),
            ])
        return made
    }

    private static func key(_ object: UInt64, _ type: UInt8, _ offset: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: object)
        bytes.append(type)
        bytes.append(littleEndian: offset)
        return bytes
    }

    private static func inode(mode: UInt32, size: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 160)
        bytes.store(size, at: 16)
        bytes.store(mode, at: 52)
        return bytes
    }

    private mutating func leaf(_ place: Int, _ items: [(key: [UInt8], data: [UInt8])]) {
        little(UInt64(place), place + 48)
        little(UInt32(items.count), place + 96)
        var end = 4096 - 101
        for (index, item) in items.enumerated() {
            end -= item.data.count
            var head = item.key
            head.append(littleEndian: UInt32(end))
            head.append(littleEndian: UInt32(item.data.count))
            put(head, place + 101 + 25 * index)
            put(item.data, place + 101 + end)
        }
    }

    /// A device of `size` bytes that begins with it.
    package func device(size: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        for piece in pieces { bytes.store(piece.bytes, at: Int(piece.offset)) }
        return bytes
    }
}
