// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// FAT12, FAT16 and FAT32. They count nothing, so all that there is to see is which clusters are in use,
/// and what the root directory says. The bit that calls the file system dirty is left out: who finds it
/// set leaves it so (`fat_set_state`, fs/fat/inode.c).
///
/// Source: `struct fat_boot_sector`, `struct fat_boot_fsinfo`, include/uapi/linux/msdos_fs.h;
/// `fat_read_bpb`, `fat_fill_super`, fs/fat/inode.c; Linux 6.12.
struct FAT: DiskFormat {
    private let boot: [UInt8]
    private let sectorSize: UInt64
    private let clusterSize: UInt64

    /// Of the table, in bytes: enough for 2 Mi clusters of FAT32.
    private static let tableLimit: UInt64 = 8 << 20
    /// Of a directory, in bytes.
    private static let directoryLimit: UInt64 = 4 << 20

    init?(_ disk: DiskReader) {
        guard let bytes = disk.bytes(at: 0, count: 512) else { return nil }
        sectorSize = bytes.little(11, 2)
        clusterSize = sectorSize * UInt64(bytes[13])
        guard [512, 1024, 2048, 4096].contains(sectorSize), clusterSize > 0,
            bytes[13] & (bytes[13] - 1) == 0, bytes.little(14, 2) > 0, bytes[16] > 0,
            // 0xf0, or 0xf8 and above (`fat_valid_media`).
            bytes[21] >= 0xf8 || bytes[21] == 0xf0,
            bytes.little(22, 2) != 0 || bytes.little(36, 4) != 0
        else { return nil }
        boot = bytes
    }

    private var isFAT32: Bool { boot.little(22, 2) == 0 }

    /// Serial number, label, and how many sectors.
    var identity: [UInt8] {
        let place = isFAT32 ? 67 : 39
        return Array(boot[place..<place + 15] + boot[19..<21] + boot[32..<36])
    }

    func values(_ disk: DiskReader) -> [FileSystemState.Value]? {
        guard let superblock = superblock(disk),
            let table = disk.hash(at: tablePlace, count: min(tableSize, Self.tableLimit)),
            let directory = isFAT32 ? rootClusters(disk) : rootArea(disk)
        else { return nil }
        return [
            .init(.superblock, superblock), .init(.allocation, table),
            .init(.rootDirectory, directory),
        ]
    }

    private var tablePlace: UInt64 { boot.little(14, 2) * sectorSize }

    private var tableSize: UInt64 {
        (isFAT32 ? boot.little(36, 4) : boot.little(22, 2)) * sectorSize
    }

    private var rootPlace: UInt64? {
        product(tableSize, UInt64(boot[16])).flatMap { sum($0, tablePlace) }
    }

    /// Boot sector, and with FAT32 what is known of free clusters.
    private func superblock(_ disk: DiskReader) -> UInt64? {
        var bytes = boot
        bytes[isFAT32 ? 65 : 37] &= ~1
        let stream = XXH64.Stream()
        stream.update(bytes)
        let sector = boot.little(48, 2)
        // No sector has the number 0 or 65535 for this.
        if isFAT32, sector != 0, sector != 0xffff {
            guard disk.add(sector * sectorSize, 512, to: stream) else { return nil }
        }
        return stream.value
    }

    private func rootArea(_ disk: DiskReader) -> UInt64? {
        rootPlace.flatMap { disk.hash(at: $0, count: boot.little(17, 2) * 32) }
    }

    private func rootClusters(_ disk: DiskReader) -> UInt64? {
        let stream = XXH64.Stream()
        var cluster = boot.little(44, 4)
        for _ in 0..<max(1, Self.directoryLimit / clusterSize) {
            guard cluster >= 2, cluster < 0x0fff_fff7 else { break }
            guard let place = product(cluster - 2, clusterSize).flatMap({ sum(rootPlace, $0) }),
                disk.add(place, min(clusterSize, Self.directoryLimit), to: stream),
                let entry = sum(tablePlace, cluster * 4),
                let next = disk.bytes(at: entry, count: 4)
            else { return nil }
            cluster = next.little(0, 4) & 0x0fff_ffff
        }
        return stream.value
    }
}
