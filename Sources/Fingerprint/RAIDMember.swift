// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// A device of one of Linux's arrays, with metadata of version 1.0, 1.1 or 1.2.
///
/// Source: `struct mdp_superblock_1`, include/uapi/linux/raid/md_p.h; `super_1_load`,
/// drivers/md/md.c; Linux 6.12.
struct RAIDMember: DiskFormat {
    private let superblock: [UInt8]

    init?(_ disk: DiskReader) {
        // 1.2, 1.1, and 1.0: 8 KiB before the end or a little more.
        let sectors = disk.size / 512
        let atEnd = sectors < 16 ? 0 : ((sectors - 16) & ~7) * 512
        for place in [4096, 0, atEnd] {
            guard let bytes = disk.bytes(at: place, count: 256),
                bytes.little(0, 4) == 0xa92b_4efc, bytes.little(4, 4) == 1,
                bytes.little(144, 8) == place / 512
            else { continue }
            superblock = bytes
            return
        }
        return nil
    }

    /// Of the array, and of the device.
    var identity: [UInt8] { Array(superblock[16..<32] + superblock[168..<184]) }

    func values(_ disk: DiskReader) -> [FileSystemState.Value]? {
        [
            // 24 bits of microseconds above.
            .init(.writeTime, superblock.little(192, 8) & ((1 << 40) - 1)),
            .init(.events, superblock.little(200, 8)),
        ]
    }
}
