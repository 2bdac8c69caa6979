// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// exFAT: as FAT, with a bitmap of the clusters in use. Its flags say less than they seem to: who finds
/// the one for dirty set leaves it so.
///
/// Source: `struct boot_sector`, `struct exfat_dentry`, fs/exfat/exfat_raw.h;
/// `exfat_allocate_bitmap`, fs/exfat/balloc.c; Linux 6.12.
struct ExFAT: DiskFormat {
    private let boot: [UInt8]
    private let sectorShift: UInt64
    private let clusterSize: UInt64

    /// In bytes: enough for 64 Mi clusters.
    private static let bitmapLimit: UInt64 = 8 << 20
    /// Of a directory, in bytes.
    private static let directoryLimit: UInt64 = 4 << 20

    init?(_ disk: DiskReader) {
        guard let bytes = disk.bytes(at: 0, count: 512),
            bytes[3..<11].elementsEqual("EXFAT   ".utf8),
            // Sectors of 512 bytes to 4 KiB, clusters of 32 MiB at most.
            (9...12).contains(bytes[108]), bytes[109] <= 25 - bytes[108]
        else { return nil }
        boot = bytes
        sectorShift = UInt64(bytes[108])
        clusterSize = 1 << (sectorShift + UInt64(bytes[109]))
    }

    /// Serial number, and how many sectors.
    var identity: [UInt8] { Array(boot[100..<104] + boot[72..<80]) }

    func values(_ disk: DiskReader) -> [FileSystemState.Value]? {
        var superblock = boot
        // VolumeFlags, PercentInUse.
        superblock.replaceSubrange(106..<108, with: [0, 0])
        superblock[112] = 0
        guard let (directory, bitmap) = rootDirectory(disk),
            let allocation = bitmap.flatMap({ self.allocation($0, disk) })
        else { return nil }
        return [
            .init(.superblock, XXH64.hash(superblock)), .init(.allocation, allocation),
            .init(.rootDirectory, directory),
        ]
    }

    private func place(of cluster: UInt64) -> UInt64? {
        guard cluster >= 2 else { return nil }
        return product(cluster - 2, clusterSize).flatMap {
            sum($0, boot.little(88, 4) << sectorShift)
        }
    }

    /// The hash of the directory, and the entry that says where the bitmap is.
    private func rootDirectory(_ disk: DiskReader) -> (UInt64, bitmap: [UInt8]?)? {
        let stream = XXH64.Stream()
        var bitmap: [UInt8]?
        var cluster = boot.little(96, 4)
        for _ in 0..<max(1, Self.directoryLimit / clusterSize) {
            guard cluster >= 2, cluster < 0xffff_fff7 else { break }
            guard let place = place(of: cluster),
                let first = disk.bytes(at: place, count: 512),
                disk.add(place, min(clusterSize, Self.directoryLimit), to: stream),
                let entry = sum(boot.little(80, 4) << sectorShift, cluster * 4),
                let next = disk.bytes(at: entry, count: 4)
            else { return nil }
            // It is among the first entries of the directory.
            for start in stride(from: 0, to: first.count, by: 32) where first[start] == 0x81 {
                if bitmap == nil { bitmap = Array(first[start..<start + 32]) }
            }
            cluster = next.little(0, 4)
        }
        return (stream.value, bitmap)
    }

    /// The bitmap is in one piece.
    private func allocation(_ entry: [UInt8], _ disk: DiskReader) -> UInt64? {
        place(of: entry.little(20, 4)).flatMap {
            disk.hash(at: $0, count: min(entry.little(24, 8), Self.bitmapLimit))
        }
    }
}
