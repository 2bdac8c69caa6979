// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Fingerprint
import KresumeImage
import LinuxPlatform
import SystemPackage

/// What A has mounted, for the image: the devices, and those that they are built on as far as these
/// count their changes. What is mounted and cannot be told from what it was is left out.
struct MountedFileSystems {
    private let machine: any Machine
    private let entries: [BlockDeviceList.Entry]

    /// More than anybody has.
    private static let limit = 256
    /// Where boot loaders write at each boot.
    private static let bootDirectories: [FilePath] = ["/boot", "/efi", "/boot/efi"]
    private static let systemPartition = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"

    init(_ machine: any Machine) {
        self.machine = machine
        entries = (try? machine.blockDevices().entries) ?? []
    }

    /// In the order in which they were mounted.
    func records() -> [FileSystemRecord] {
        let mounts = (try? machine.mounts()) ?? []
        var records: [FileSystemRecord] = []
        var seen: Set<DeviceNumber> = []
        for mount in mounts where mount.hasDevice {
            guard let kind = FileSystemKind(mountedAs: mount.fileSystem),
                seen.insert(mount.number).inserted, let entry = entry(of: mount)
            else { continue }
            let others = kind == .btrfs ? otherDevices(of: entry) : []
            let points = mounts.filter { $0.number == mount.number }.map(\.mountPoint)
            for entry in [entry] + others {
                let name = others.isEmpty ? name(entry, mount) : "\(entry.path)"
                guard var record = record(kind, entry, as: mount.fileSystem, name: name)
                else { continue }
                record.mountPoint = text("\(mount.mountPoint)")
                record.isReadWrite = !mount.isReadOnly
                record.onlyWarns = kind == .fat && isForBooting(entry, at: points)
                records.append(record)
                for below in devicesBelow(entry) where !records.contains(below) {
                    records.append(below)
                }
            }
        }
        return Array(records.prefix(Self.limit))
    }

    /// Of a file system on several devices, the one that was named.
    private func entry(of mount: Mount) -> BlockDeviceList.Entry? {
        let isNamed = mount.number.major == 0
        let number =
            isNamed
            ? (try? machine.open(FilePath(mount.source), .read, direct: false))?.number
            : mount.number
        return entries.first { $0.number == number }
    }

    /// Mappings have better names than the kernel's.
    private func name(_ entry: BlockDeviceList.Entry, _ mount: Mount) -> String {
        text(mount.source.hasPrefix("/dev/mapper/") ? mount.source : "\(entry.path)")
    }

    private func record(
        _ kind: FileSystemKind, _ entry: BlockDeviceList.Entry, as word: String, name: String
    ) -> FileSystemRecord? {
        // Through the cache of this kernel, which may have what is not on the disk yet.
        guard let device = try? machine.open(entry.path, .read, direct: false),
            let state = FileSystemState(kind, size: device.size, readAt: device.readAt)
        else { return nil }
        return FileSystemRecord(
            state: state, device: text(name), kind: text(word), mountPoint: "",
            isReadWrite: false, onlyWarns: true, isAsMounted: true)
    }

    private func otherDevices(of entry: BlockDeviceList.Entry) -> [BlockDeviceList.Entry] {
        guard let fileSystem = identity(.btrfs, entry)?.prefix(16) else { return [] }
        return entries.filter {
            $0.number != entry.number && $0.holders.isEmpty
                && identity(.btrfs, $0)?.prefix(16) == fileSystem
        }
    }

    private func identity(_ kind: FileSystemKind, _ entry: BlockDeviceList.Entry) -> [UInt8]? {
        guard let device = try? machine.open(entry.path, .read, direct: false) else { return nil }
        return FileSystemState.identity(of: kind, size: device.size, readAt: device.readAt)
    }

    private func isForBooting(_ entry: BlockDeviceList.Entry, at points: [FilePath]) -> Bool {
        if points.contains(where: Self.bootDirectories.contains) { return true }
        guard let device = try? machine.open(entry.path, .read, direct: false),
            let type = (try? machine.contents(of: device))?.partitionType
        else { return false }
        return type == Self.systemPartition || type == "0xef"
    }

    /// Members of arrays, and physical volumes.
    private func devicesBelow(_ entry: BlockDeviceList.Entry) -> [FileSystemRecord] {
        below(entry).flatMap { below -> [FileSystemRecord] in
            [(FileSystemKind.raidMember, "md"), (.physicalVolume, "LVM")].compactMap {
                record($0, below, as: $1, name: "\(below.path)")
            }
        }
    }

    /// A device names those that are built on it; of a partition, the disk does.
    private func below(_ entry: BlockDeviceList.Entry) -> [BlockDeviceList.Entry] {
        var found: [BlockDeviceList.Entry] = []
        var names = [entry.name]
        while let name = names.popLast() {
            let disk = entries.first {
                $0.hasPartitions && $0.name != name && name.hasPrefix($0.name)
            }
            let next = entries.filter { $0.holders.contains(name) } + [disk].compactMap { $0 }
            for entry in next where !found.contains(where: { $0.number == entry.number }) {
                found.append(entry)
                names.append(entry.name)
            }
        }
        return found
    }

    /// As an image can hold it.
    private func text(_ text: String) -> String {
        let shown = shown(text)
        return shown.utf8.count <= 1000
            ? shown : String(String.UnicodeScalarView(shown.unicodeScalars.prefix(250)))
    }
}

extension BlockDevice {
    /// The shape in which a fingerprint is asked for.
    var readAt: FileSystemState.ReadAt {
        { offset, count in try? self.readBytes(at: offset, count: count) }
    }
}
