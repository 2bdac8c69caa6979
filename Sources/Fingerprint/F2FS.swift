// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// F2FS. Of its two checkpoints the older one is written over, with the next number.
///
/// Source: `struct f2fs_super_block`, `struct f2fs_checkpoint`, include/linux/f2fs_fs.h;
/// `f2fs_get_valid_checkpoint`, fs/f2fs/checkpoint.c; Linux 6.12.
struct F2FS: DiskFormat {
    private let superblock: [UInt8]

    init?(_ disk: DiskReader) {
        guard let bytes = disk.bytes(at: 1024, count: 3072), bytes.little(0, 4) == 0xf2f5_2010,
            // 4 KiB to 64 KiB; no segment is as large as 2^24 blocks.
            (12...16).contains(bytes.little(16, 4)), bytes.little(20, 4) < 24
        else { return nil }
        superblock = bytes
    }

    var identity: [UInt8] { Array(superblock[108..<124]) }

    func values(_ disk: DiskReader) -> [FileSystemState.Value]? {
        let blockSize = UInt64(1) << superblock.little(16, 4)
        let first = superblock.little(76, 4)
        let second = first + 1 << superblock.little(20, 4)
        let stream = XXH64.Stream()
        var newest: UInt64 = 0
        for block in [first, second] {
            guard let place = product(block, blockSize),
                let pack = disk.bytes(at: place, count: Int(blockSize))
            else { return nil }
            stream.update(pack)
            newest = max(newest, pack.little(0, 8))
        }
        return [
            .init(.superblock, XXH64.hash(superblock)), .init(.checkpoint, newest),
            .init(.checkpoints, stream.value),
        ]
    }
}
