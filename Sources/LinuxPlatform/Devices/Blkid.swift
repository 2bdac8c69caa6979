// SPDX-License-Identifier: GPL-2.0-or-later

import CBlkid
import Glibc
import SystemPackage

/// What libblkid's low-level probing finds on a device. No cache file, no udev.
package struct DeviceContents: Hashable, Sendable {
    /// A superblock, in libblkid's words.
    package struct Signature: Hashable, Sendable {
        /// TYPE, such as `swap`, `swsuspend`, `ext4`.
        package var type: String
        /// USAGE: `filesystem`, `raid`, `crypto` or `other`.
        package var usage: String?
        package var uuid: String?
        package var label: String?
        /// VERSION, such as `1` for swap or `linhib0001` for swsuspend.
        package var version: String?
    }

    package enum Superblock: Hashable, Sendable {
        case nothing
        case one(Signature)
        /// Several that contradict each other: libblkid does not choose.
        case ambivalent
    }

    package var superblock: Superblock
    /// PTTYPE: the kind of partition table on the device (`gpt`, `dos`).
    package var partitionTable: String?
    /// PART_ENTRY_UUID: where the device is itself a partition.
    package var partitionUUID: String?
    /// PART_ENTRY_NAME.
    package var partitionLabel: String?
    /// PART_ENTRY_TYPE: a UUID in a GPT, else a number such as `0xef`.
    package var partitionType: String?

    package init(superblock: Superblock) { self.superblock = superblock }

    /// The one superblock, where there is one.
    package var signature: Signature? {
        if case .one(let signature) = superblock { signature } else { nil }
    }
}

package enum Blkid {
    /// Reads `device`, which must not be a direct one: libblkid does not align what it reads.
    package static func probe(_ device: borrowing BlockDevice) throws(PlatformError)
        -> DeviceContents
    {
        let path = device.path
        guard let probe = blkid_new_probe() else {
            throw .call(.newProbe, path: path, .noMemory)
        }
        defer { blkid_free_probe(probe) }
        try systemCall(.setProbeDevice, path) {
            blkid_probe_set_device(probe, device.descriptor.rawValue, 0, 0)
        }

        // Superblocks and partitions in two passes: an ambivalent superblock would hide the
        // partition's name.
        blkid_probe_enable_superblocks(probe, 1)
        blkid_probe_set_superblocks_flags(
            probe,
            CInt(
                BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL
                    | BLKID_SUBLKS_VERSION))
        var contents = DeviceContents(superblock: .nothing)
        switch try safeProbe(probe, path) {
        case ambivalent: contents.superblock = .ambivalent
        case 0:
            if let type = value("TYPE", probe) {
                contents.superblock = .one(
                    DeviceContents.Signature(
                        type: type, usage: value("USAGE", probe), uuid: value("UUID", probe),
                        label: value("LABEL", probe), version: value("VERSION", probe)))
            }
        default: break
        }

        blkid_reset_probe(probe)
        blkid_probe_enable_superblocks(probe, 0)
        blkid_probe_enable_partitions(probe, 1)
        blkid_probe_set_partitions_flags(probe, CInt(BLKID_PARTS_ENTRY_DETAILS))
        if try safeProbe(probe, path) == 0 {
            contents.partitionTable = value("PTTYPE", probe)
            contents.partitionUUID = value("PART_ENTRY_UUID", probe)
            contents.partitionLabel = value("PART_ENTRY_NAME", probe)
            contents.partitionType = value("PART_ENTRY_TYPE", probe)
        }
        return contents
    }

    /// `blkid_do_safeprobe`: 0 something found, 1 nothing, -2 ambivalent, -1 an error.
    private static func safeProbe(
        _ probe: OpaquePointer, _ path: FilePath
    ) throws(PlatformError) -> CInt {
        // libblkid returns -1 for its own errors too, which leave errno alone.
        errno = EIO
        return try systemCall(.safeProbe, path) { blkid_do_safeprobe(probe) }
    }

    private static let ambivalent: CInt = -2

    private static func value(_ name: String, _ probe: OpaquePointer) -> String? {
        var data: UnsafePointer<CChar>?
        guard blkid_probe_lookup_value(probe, name, &data, nil) == 0, let data else { return nil }
        return String(cString: data)
    }
}
