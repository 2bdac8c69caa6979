// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Testing

@testable import LinuxPlatform

/// Where a file of a btrfs is, by the items of its chunk tree.
@Suite struct BtrfsChunkTests {
    /// As the kernel gives it.
    private func item(
        _ address: UInt64, _ size: UInt64, type: UInt64 = 1, device: UInt64 = 1, at offset: UInt64,
        stripes: UInt16 = 1
    ) -> [UInt8] {
        let count = Int(stripes)
        var bytes: [UInt8] = []
        for word in [77, 256, address] as [UInt64] { bytes.append(littleEndian: word) }
        bytes.append(littleEndian: UInt32(228))
        bytes.append(littleEndian: UInt32(48 + 32 * count))
        for word in [size, 2, 65536, type] { bytes.append(littleEndian: word) }
        for word in [65536, 65536, 4096] as [UInt32] { bytes.append(littleEndian: word) }
        bytes.append(littleEndian: stripes)
        bytes.append(littleEndian: UInt16(1))
        for stripe in 0..<count {
            bytes.append(littleEndian: device + UInt64(stripe))
            bytes.append(littleEndian: offset)
            bytes += [UInt8](repeating: 0xee, count: 16)
        }
        return bytes
    }

    @Test func items() throws {
        let bytes =
            item(1 << 20, 4 << 20, type: 2, at: 1 << 20)
            + item(8 << 20, 8 << 20, type: 0x24, at: 64 << 20, stripes: 2)
            + item(16 << 20, 1 << 30, at: 100 << 20)
        let chunks = try #require(BtrfsChunk.parse(bytes, count: 3))
        #expect(
            chunks == [
                BtrfsChunk(address: 1 << 20, size: 4 << 20, device: 1, deviceOffset: 1 << 20),
                BtrfsChunk(address: 8 << 20, size: 8 << 20),
                BtrfsChunk(address: 16 << 20, size: 1 << 30, device: 1, deviceOffset: 100 << 20),
            ])
        for count in stride(from: 0, to: bytes.count, by: 7) {
            _ = BtrfsChunk.parse(Array(bytes[..<count]), count: 3)
        }
        #expect(BtrfsChunk.parse(Array(bytes.dropLast(20)), count: 3) == nil)
        #expect(BtrfsChunk.parse(bytes, count: 4) == nil)
        // Twice on one device; empty; beyond all addresses; out of order.
        #expect(BtrfsChunk.parse(item(0, 5, type: 0x21, at: 0), count: 1)?.first?.device == nil)
        #expect(BtrfsChunk.parse(item(0, 0, at: 0), count: 1) == nil)
        #expect(BtrfsChunk.parse(item(.max, 2, at: 0), count: 1) == nil)
        #expect(BtrfsChunk.parse(item(5, 2, at: .max), count: 1) == nil)
        #expect(BtrfsChunk.parse(item(5, 2, at: 0) + item(6, 2, at: 9), count: 2) == nil)
    }

    @Test func extents() {
        let chunks = [
            BtrfsChunk(address: 1000, size: 100, device: 1, deviceOffset: 5000),
            BtrfsChunk(address: 1100, size: 100, device: 1, deviceOffset: 9000),
            BtrfsChunk(address: 1300, size: 100, device: 2, deviceOffset: 0),
            BtrfsChunk(address: 1400, size: 100),
        ]
        func place(_ address: UInt64, _ size: UInt64, _ kind: FileBlocks.Kind = .own)
            -> [FileBlocks.Extent]
        {
            BtrfsChunk.place(
                [FileBlocks.Extent(offset: 40, deviceOffset: address, size: size, kind: kind)],
                by: chunks)
        }
        #expect(place(1010, 20) == [.init(offset: 40, deviceOffset: 5010, size: 20)])
        #expect(
            place(1090, 20, .shared) == [
                .init(offset: 40, deviceOffset: 5090, size: 10, kind: .shared),
                .init(offset: 50, deviceOffset: 9000, size: 10, kind: .shared),
            ])
        // Its own data is there twice, and comes first.
        let twice = [BtrfsChunk(address: 0, size: 50)] + chunks
        let extent = FileBlocks.Extent(offset: 0, deviceOffset: 1010, size: 20)
        #expect(
            BtrfsChunk.place([extent], by: twice) == [
                .init(offset: 0, deviceOffset: 5010, size: 20)
            ])
        #expect(BtrfsChunk.place([extent], by: []).map(\.kind) == [.other])
        // Behind the last address, on another device, on several, before the first.
        #expect(
            place(1190, 20) == [
                .init(offset: 40, deviceOffset: 9090, size: 10),
                .init(offset: 50, deviceOffset: 1200, size: 10, kind: .other),
            ])
        for address: UInt64 in [1250, 1310, 1410, 5, 2000] {
            #expect(place(address, 9).map(\.kind) == [.other])
        }
        #expect(place(1010, 20, .other).map(\.kind) == [.other])
    }
}
