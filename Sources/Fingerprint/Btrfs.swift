// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// One device of a btrfs. Nothing is written without a new superblock on each of them.
///
/// Source: `struct btrfs_super_block`, `struct btrfs_dev_item`, include/uapi/linux/btrfs_tree.h;
/// Linux 6.12. On zoned devices the superblock is elsewhere, and such a one is not read.
struct Btrfs: DiskFormat {
    private let superblock: [UInt8]

    init?(_ disk: DiskReader) {
        guard let bytes = disk.bytes(at: 65536, count: 4096),
            bytes[64..<72].elementsEqual("_BHRfS_M".utf8)
        else { return nil }
        superblock = bytes
    }

    /// Of the file system, and of the device.
    var identity: [UInt8] { Array(superblock[32..<48] + superblock[267..<283]) }

    func values(_ disk: DiskReader) -> [FileSystemState.Value]? {
        [
            .init(.superblock, XXH64.hash(superblock)),
            .init(.generation, superblock.little(72, 8)),
        ]
    }
}
