// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Fingerprint

@testable import KresumeImage

extension FuzzTarget {
    /// File systems on a device of 64 MiB, and what an image says of them. An input is a kind; then
    /// pieces: where (4 bytes), how many bytes, and these. With the kind 0 the rest is a section of an
    /// image.
    static let fileSystem = FuzzTarget(name: "file-system", inputLimit: 2048) {
        var superblock = [UInt8](repeating: 0, count: 255)
        superblock.store(UInt16(0xef53), at: 0x38)
        superblock.store(UInt32(2), at: 0x18)
        superblock.store(UInt32(16), at: 0x28)
        superblock.store(UInt32(4), at: 0x5c)
        superblock.store(UInt32(8), at: 0xe0)
        var inode = [UInt8](repeating: 0, count: 128)
        inode.store(UInt32(0x8_0000), at: 0x20)
        inode.store([0x0a, 0xf3, 1, 0, 4, 0, 0, 0], at: 0x28)
        inode.store(UInt32(9), at: 0x28 + 20)
        let ext =
            PiecedDevice.piece(superblock, at: 1024)
            + PiecedDevice.piece([5, 0, 0, 0], at: 4096 + 8)
            + PiecedDevice.piece(inode, at: 5 * 4096 + 7 * 128)
            + PiecedDevice.piece([0xc0, 0x3b, 0x39, 0x98], at: 9 * 4096)

        var xfs = [UInt8](repeating: 0, count: 255)
        xfs.store(Array("XFSB".utf8) + [0, 0, 16, 0], at: 0)
        xfs.store([0, 0, 0, 0, 0, 0, 0, 4], at: 0x30)
        xfs.store([0, 1, 0, 0], at: 0x54)
        xfs.store([0, 0, 0, 64], at: 0x60)
        xfs.store([12, 9, 8, 4, 16], at: 0x78)
        let log = PiecedDevice.piece([0xfe, 0xed, 0xba, 0xbe, 0, 0, 0, 1], at: 16384)

        var f2fs = [UInt8](repeating: 0, count: 128)
        f2fs.store(UInt32(0xf2f5_2010), at: 0)
        f2fs.store(UInt32(12), at: 16)
        f2fs.store(UInt32(9), at: 20)
        f2fs.store(UInt32(2), at: 76)

        var fat = [UInt8](repeating: 0, count: 100)
        fat.store([0, 2, 1, 32, 0, 2, 0, 0, 0, 0, 0xf8, 0, 0] as [UInt8], at: 11)
        fat.store(UInt32(100), at: 36)
        fat.store(UInt32(2), at: 44)
        fat.store(UInt16(1), at: 48)
        let chain = PiecedDevice.piece([3, 0, 0, 0, 0xff, 0xff, 0xff, 0x0f], at: 32 * 512 + 8)

        var exfat = [UInt8](repeating: 0, count: 120)
        exfat.store("EXFAT   ".utf8, at: 3)
        exfat.store(UInt32(128), at: 80)
        exfat.store(UInt32(256), at: 88)
        exfat.store(UInt32(4), at: 96)
        exfat.store([9, 3] as [UInt8], at: 108)
        var bitmap = [UInt8](repeating: 0, count: 32)
        bitmap[0] = 0x81
        bitmap.store(UInt32(2), at: 20)
        bitmap.store(UInt64(100), at: 24)

        var volume = Array("LABELONE".utf8) + [UInt8](repeating: 0, count: 100)
        volume.store(UInt32(32), at: 20)
        volume.store("LVM2 001".utf8, at: 24)
        volume.store(UInt64(1 << 20), at: 72)
        volume.store(UInt64(4096), at: 104 - 16)
        let record = FileSystemRecord(
            state: FileSystemState(
                kind: .ext, identity: [1, 2, 3], values: [.init(.mountCount, 4)]),
            device: "/dev/sda1", kind: "ext4", mountPoint: "/", isReadWrite: true,
            onlyWarns: false, isAsMounted: false)
        return [
            [1] + ext, [2] + PiecedDevice.piece(xfs, at: 0) + log,
            [3] + PiecedDevice.piece(Array("_BHRfS_M".utf8), at: 65536 + 64),
            [4] + PiecedDevice.piece(f2fs, at: 1024), [5] + PiecedDevice.piece(fat, at: 0) + chain,
            [6] + PiecedDevice.piece(exfat, at: 0)
                + PiecedDevice.piece(bitmap, at: 256 * 512 + 2 * 4096),
            [7] + PiecedDevice.piece([0xfc, 0x4e, 0x2b, 0xa9, 1], at: 0),
            [8] + PiecedDevice.piece(volume, at: 512)
                + PiecedDevice.piece(Array("    \u{20}LVM2 x[5A%r0N*>".utf8), at: 4096),
            [0] + (try [record, record].serialised()),
        ]
    } test: { input in
        guard let first = input.first else { return }
        if first == 0 { return try checkSection(Array(input.dropFirst())) }
        guard let kind = FileSystemKind(rawValue: UInt16(first)) else { return }
        let size = PiecedDevice.size
        let read = PiecedDevice(input.dropFirst()).readAt
        guard let state = FileSystemState(kind, size: size, readAt: read) else { return }
        require(
            FileSystemState.identity(of: kind, size: size, readAt: read) == state.identity,
            "another identity")
        require(
            zip(state.values, state.values.dropFirst()).allSatisfy {
                $0.field.rawValue < $1.field.rawValue
            }, "fields out of order")
        require(state.change(to: state) == nil, "a change of nothing")
        _ = state.summary
        let record = FileSystemRecord(
            state: state, device: "", kind: "", mountPoint: "", isReadWrite: true,
            onlyWarns: false, isAsMounted: false)
        try checkSection([record].serialised())
    }

    /// What was read can be written, and is then read as the same.
    private static func checkSection(_ bytes: [UInt8]) throws {
        var reader = ByteReader<ImageError>(bytes, at: 0)
        guard let records = try? FileSystemRecord.parse(&reader) else { return }
        reader = ByteReader<ImageError>(try records.serialised(), at: 0)
        try require(FileSystemRecord.parse(&reader) == records, "other records")
        for record in records { _ = record.state.change(to: record.state) }
    }
}
