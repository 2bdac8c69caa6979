// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// The block devices that the kernel has, as /sys/class/block lists them, sorted by name.
///
/// Left out: what holds nothing (size zero, loop devices without a backing file), what must not be
/// opened (paths hidden below a multipath device, suspended mappings, on which a read would wait
/// for ever), and what moves when opened (floppies, CD-ROMs).
package struct BlockDeviceList: Sendable {
    package struct Entry: Hashable, Sendable {
        /// The kernel's name, such as `sda1`.
        package var name: String
        /// Its node, which need not exist: nothing here makes one.
        package var path: FilePath
        package var number: DeviceNumber
        /// In bytes.
        package var size: UInt64
        /// Names of the mappings and arrays that are built on it.
        package var holders: [String]
        package var isPartition: Bool
        package var hasPartitions: Bool
        package var isReadOnly: Bool
        /// A number that no other medium of this boot has had; nil where the kernel gives none (before 5.15).
        package var diskSequence: UInt64?

        package init(
            name: String, path: FilePath, number: DeviceNumber, size: UInt64, holders: [String],
            isPartition: Bool, hasPartitions: Bool, isReadOnly: Bool, diskSequence: UInt64? = nil
        ) {
            self.name = name
            self.path = path
            self.number = number
            self.size = size
            self.holders = holders
            self.isPartition = isPartition
            self.hasPartitions = hasPartitions
            self.isReadOnly = isReadOnly
            self.diskSequence = diskSequence
        }
    }

    package var entries: [Entry]

    /// The devices that nothing is built on.
    package var topmost: [Entry] { entries.filter(\.holders.isEmpty) }

    /// Of those that look as they should, the ones on which nothing is built that looks so, too: a device may
    /// show the bytes of the one below.
    package func uppermost(where isMeant: (Entry) throws -> Bool) rethrows -> [Entry] {
        let meant = try entries.filter(isMeant)
        let names = Set(meant.map(\.name))
        return meant.filter { names.isDisjoint(with: above($0)) }
    }

    /// The names of all that is built on a device.
    private func above(_ entry: Entry) -> Set<String> {
        var above: Set<String> = []
        var next = entry.holders
        while let name = next.popLast() {
            guard above.insert(name).inserted else { continue }
            next += entries.first { $0.name == name }?.holders ?? []
        }
        return above
    }

    /// Asks the kernel. A device that vanishes meanwhile is not listed.
    package static func current(
        sysfs: FilePath = "/sys", nodes: FilePath = "/dev"
    ) throws(PlatformError) -> BlockDeviceList {
        let directory = sysfs.appending("class/block")
        let names = try SystemFile.names(in: directory)
        var entries: [Entry] = []
        for name in names {
            let device = Attributes(directory: directory.appending(name), name: name)
            if let entry = try device.entry(nodes: nodes) { entries.append(entry) }
        }
        return BlockDeviceList(entries: entries)
    }

    package init(entries: [Entry]) { self.entries = entries }
}

/// One directory of /sys/class/block.
private struct Attributes {
    let directory: FilePath
    let name: String

    /// Documentation/admin-guide/devices.txt, Linux 6.12: floppies and SCSI CD-ROMs.
    private static let moving: Set<UInt32> = [2, 11]

    func entry(nodes: FilePath) throws(PlatformError) -> BlockDeviceList.Entry? {
        guard let dev = try line("dev"), let number = DeviceNumber(dev),
            let sectors = try line("size").flatMap({ UInt64($0) }), sectors > 0,
            !Self.moving.contains(number.major),
            try line("hidden") != "1", try line("dm/suspended") != "1",
            !name.hasPrefix("loop") || has("partition") || has("loop/backing_file"),
            let names = try names(), let holders = try names.contains("holders") ? holders() : []
        else { return nil }
        return BlockDeviceList.Entry(
            // sysfs cannot have a slash in a name and writes an exclamation mark (cciss!c0d0).
            name: name,
            path: nodes.appending(String(name.map { $0 == "!" ? "/" : $0 })),
            number: number,
            // In units of 512 bytes whatever the device's block size.
            size: sectors.multipliedReportingOverflow(by: 512).partialValue,
            holders: holders,
            isPartition: has("partition"),
            hasPartitions: names.contains { $0.hasPrefix(name) && has("\($0)/partition") },
            isReadOnly: try line("ro") == "1",
            diskSequence: try diskSequence())
    }

    /// Partitions lie in the directory of their disk, and have none of their own.
    private func diskSequence() throws(PlatformError) -> UInt64? {
        try line(has("partition") ? "../diskseq" : "diskseq").flatMap { UInt64($0) }
    }

    private func line(_ attribute: String) throws(PlatformError) -> String? {
        try SystemFile.lineIfPresent(directory.appending(attribute))
    }

    private func has(_ attribute: String) -> Bool {
        SystemFile.exists(directory.appending(attribute))
    }

    private func names() throws(PlatformError) -> [String]? {
        try namesIfPresent(directory)
    }

    private func holders() throws(PlatformError) -> [String]? {
        try namesIfPresent(directory.appending("holders"))
    }

    private func namesIfPresent(_ path: FilePath) throws(PlatformError) -> [String]? {
        do { return try SystemFile.names(in: path) } catch {
            guard case .call(.opendir, _, .noSuchFileOrDirectory) = error else { throw error }
            return nil
        }
    }
}
