// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Which files running programs have mapped or open.
package enum FilesInUse {
    /// File systems on disks of this machine. With others the kernel may have to ask somebody who does not
    /// answer (nfs, cifs, fuse), or drops nothing (tmpfs), or has its memory elsewhere (zfs).
    private static let local: Set<String> = [
        "bcachefs", "btrfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs",
        "nilfs2", "ntfs3", "reiserfs", "squashfs", "udf", "vfat", "xfs",
    ]
    private static let mapsLimit = 64 << 20
    /// Descriptors for other purposes.
    private static let spare = 128

    /// Regular files on disks, each once, those of other processes than this one; the most urgent first. What
    /// cannot be looked at is passed over, and a process may have ended meanwhile. Ends early where that is not
    /// wanted any more.
    ///
    /// - Parameter limit: how many are opened; fewer where a process may not have so many.
    package static func all(
        limit: Int, proc: FilePath = "/proc", unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> [any FileInUse] {
        let own = "\(getpid())"
        let processes = try SystemFile.names(in: proc).filter { Int32($0) != nil && $0 != own }
        var places: [String: LocalFileSystems] = [:]
        var mappings: [[UInt8]: Mapping] = [:]
        var order: [[UInt8]] = []
        var files = Collected(limit: min(limit, DescriptorLimit.raise(to: limit) - spare))
        for number in processes {
            if isUnwanted() { break }
            let process = proc.appending(number)
            guard let local = fileSystems(of: process, &places),
                let maps = try? SystemFile.bytes(process.appending("maps"), limit: mapsLimit)
            else { continue }
            for (file, mapping) in Mapping.all(maps, of: process, on: local.numbers) {
                if let known = mappings[file] {
                    mappings[file]?.isProgram = known.isProgram || mapping.isProgram
                } else {
                    mappings[file] = mapping
                    order.append(file)
                }
            }
        }
        for use in [FileUse.program, .mapped] {
            for file in order where mappings[file]?.isProgram == (use == .program) {
                if isUnwanted() { return files.files }
                if let mapping = mappings[file] { files.add(mapping.path, as: use) }
            }
        }
        for number in processes {
            let process = proc.appending(number)
            let directory = process.appending("fd")
            guard let local = fileSystems(of: process, &places),
                let names = try? SystemFile.names(in: directory)
            else { continue }
            for name in names {
                if isUnwanted() { return files.files }
                let information = process.appending("fdinfo").appending(name)
                guard isPath(directory.appending(name)),
                    let text = try? SystemFile.text(information),
                    let mount = Mounts.id(fileInformation: text), local.mounts.contains(mount)
                else { continue }
                files.add(directory.appending(name), as: .open)
            }
        }
        return files.files
    }

    /// What of a process's mounts is on disks. Of processes that see the same mounts, it is read once.
    private static func fileSystems(
        of process: FilePath, _ known: inout [String: LocalFileSystems]
    ) -> LocalFileSystems? {
        // Without such a link each is read.
        let space = link(process.appending("ns/mnt"), limit: 64) ?? process.string
        if let found = known[space] { return found }
        guard let text = try? SystemFile.text(process.appending("mountinfo")),
            let mounts = try? Mounts.parse(text)
        else { return nil }
        var result = LocalFileSystems()
        for (line, mount) in zip(text.split(separator: "\n"), mounts)
        where local.contains(mount.fileSystem) {
            result.mounts.insert(String(line.prefix { $0 != " " }))
            result.numbers.insert(mount.number)
        }
        known[space] = result
        return result
    }

    /// Not a socket, a pipe, or another thing without a path. Nobody is asked for that.
    private static func isPath(_ path: FilePath) -> Bool { link(path, limit: 1) == "/" }

    /// The beginning of what a link says.
    private static func link(_ path: FilePath, limit: Int) -> String? {
        var target = [CChar](repeating: 0, count: limit)
        let length = path.withPlatformString { readlink($0, &target, limit) }
        guard length > 0 else { return nil }
        return String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Mounted file systems by which what is in use is known, before anything is opened.
private struct LocalFileSystems {
    /// Numbers of mounts.
    var mounts: Set<String> = []
    /// As /proc/PID/maps has them: of a btrfs not those that stat gives, but those of mountinfo.
    var numbers: Set<DeviceNumber> = []
}

/// Files that were opened.
private struct Collected {
    let limit: Int
    private(set) var files: [any FileInUse] = []
    private var known: Set<OpenFile.Identity> = []

    init(limit: Int) { self.limit = limit }

    mutating func add(_ path: FilePath, as use: FileUse) {
        guard files.count < limit, let file = try? OpenFile(path, as: use, unlessIn: &known),
            file.size > 0
        else { return }
        files.append(file)
    }
}

/// A file that a process has mapped.
private struct Mapping {
    /// Leads to the file itself, whatever has its name now, and whoever else sees it.
    var path: FilePath
    /// Some of it may be run.
    var isProgram: Bool

    /// Those of files on the devices `numbers`; with each what stands for its file: device, inode and name.
    ///
    /// Source: `show_map_vma`, fs/proc/task_mmu.c, Linux 6.12: `start-end perms offset major:minor inode name`,
    /// the device in hexadecimal. In map_files the addresses have no leading zeroes (`proc_map_files_readdir`,
    /// fs/proc/base.c).
    static func all(
        _ maps: [UInt8], of process: FilePath, on numbers: Set<DeviceNumber>
    ) -> [(file: [UInt8], mapping: Mapping)] {
        maps.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count == 6, fields[1].count == 4, let number = number(fields[3]),
                numbers.contains(number)
            else { return nil }
            let range = fields[0].split(separator: UInt8(ascii: "-")).map { address in
                String(decoding: address.drop { $0 == UInt8(ascii: "0") }, as: UTF8.self)
            }
            let name = range.joined(separator: "-")
            return (
                Array(line[fields[3].startIndex...]),
                Mapping(
                    path: process.appending("map_files").appending(name),
                    isProgram: fields[1].dropFirst(2).first == UInt8(ascii: "x"))
            )
        }
    }

    private static func number(_ field: ArraySlice<UInt8>) -> DeviceNumber? {
        let parts = field.split(separator: UInt8(ascii: ":")).map {
            UInt32(String(decoding: $0, as: UTF8.self), radix: 16)
        }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
        return DeviceNumber(major: major, minor: minor)
    }
}
