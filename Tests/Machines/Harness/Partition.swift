// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// A swap partition, alone on its disk, with all the names that a partition can have.
package struct Partition: Sendable {
    package let disk: String
    /// The swap area's.
    package let uuid: String
    /// The partition table's.
    package let partitionUUID: String

    /// The swap area's label.
    package static let label = "swap-label"
    /// The partition table's label.
    package static let partitionLabel = "partition-label"
    /// Where it begins, in bytes.
    package static let offset = 1 << 20
}

extension Bench {
    /// A disk, MiB large, with a GUID partition table and a swap partition.
    package func partitionedSwap(_ name: String, size: Int) throws -> Partition {
        let uuid = UUID().uuidString.lowercased()
        let partitionUUID = UUID().uuidString.lowercased()
        let path = try disk(name, size: size)
        // The table's second copy takes the last MiB.
        let table = """
            label: gpt
            start=\(Partition.offset / 512), size=\((size - 2) << 11), type=swap, \
            uuid=\(partitionUUID), name=\(Partition.partitionLabel)
            """
        try Host.run(["sh", "-c", "printf '%s\\n' \"$1\" | sfdisk -q \"$2\"", "sh", table, path])
        let area = try disk("\(name)-area", size: size - 2)
        try Host.run(["mkswap", "-L", Partition.label, "-U", uuid, area])
        try Host.run([
            "dd", "if=\(area)", "of=\(path)", "bs=\(Partition.offset)", "seek=1", "count=1",
            "conv=notrunc",
        ])
        return Partition(disk: path, uuid: uuid, partitionUUID: partitionUUID)
    }

    /// A disk for a boot loader, with one partition. For UEFI this is an EFI system partition; else there is
    /// room in front of it, where GRUB puts itself.
    package func loaderDisk(_ name: String = "loader", uefi: Bool) throws -> String {
        let path = try disk(name, size: 160)
        let table =
            uefi ? "label: gpt\nstart=2048, size=323584, type=uefi\n" : "label: dos\nstart=2048\n"
        try Host.run(["sh", "-c", "printf %s \"$1\" | sfdisk -q \"$2\"", "sh", table, path])
        if uefi {
            try Host.run(["mkfs.vfat", "-F", "32", "--offset=2048", path, "161792"])
        }
        return path
    }
}
