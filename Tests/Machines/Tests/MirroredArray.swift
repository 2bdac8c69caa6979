// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// RAID 1 of the md driver, with metadata of version 1.2 and without the tools that others make it with.
enum MirroredArray {
    /// Where its data begins on each disk, in bytes.
    static let dataOffset = 1 << 20

    /// Writes superblocks to disks of `size` MiB that are the same otherwise.
    ///
    /// Source: `struct mdp_superblock_1`, include/uapi/linux/raid/md_p.h; `calc_sb_1_csum`,
    /// drivers/md/md.c; Linux 6.12.
    static func make(_ paths: [String], size: Int) throws {
        let offset = UInt64(dataOffset / 512)
        let sectors = UInt64(size << 11) - offset
        for (index, path) in paths.enumerated() {
            // Behind the header is the role of each disk, in two bytes.
            var bytes = [UInt8](repeating: 0, count: 256 + 4)
            func put(_ value: UInt64, _ width: Int, at offset: Int) {
                for byte in 0..<width {
                    bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
                }
            }
            put(0xa92b_4efc, 4, at: 0)
            put(1, 4, at: 4)
            for byte in 16..<32 { bytes[byte] = 0x33 }
            put(1, 4, at: 72)
            put(sectors, 8, at: 80)
            put(2, 4, at: 92)
            put(offset, 8, at: 128)
            put(sectors, 8, at: 136)
            put(8, 8, at: 144)
            put(UInt64(index), 4, at: 160)
            for byte in 168..<184 { bytes[byte] = UInt8(0x40 + index) }
            put(1, 8, at: 200)
            put(.max, 8, at: 208)
            put(2, 4, at: 220)
            put(1, 2, at: 258)
            let sum = stride(from: 0, to: 260, by: 4).reduce(UInt64(0)) { sum, place in
                sum + (0..<4).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
            }
            put((sum & 0xffff_ffff) + (sum >> 32), 4, at: 216)
            let file = try FileHandle(forUpdating: URL(filePath: path))
            try file.seek(toOffset: 4096)
            try file.write(contentsOf: Data(bytes))
            try file.close()
        }
    }

    /// Shell commands by which a guest has it as /dev/md0.
    static func assemble(_ disks: [String]) -> String {
        """
        echo md0 >/sys/module/md_mod/parameters/new_array
        echo 1.2 >/sys/block/md0/md/metadata_version
        for disk in \(disks.joined(separator: " ")); do
            cat "/sys/class/block/${disk}/dev" >/sys/block/md0/md/new_dev || exit 1
        done
        echo active >/sys/block/md0/md/array_state || exit 1
        """
    }
}
