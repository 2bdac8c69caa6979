// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// A mounted file system: one line of /proc/self/mountinfo.
package struct Mount: Hashable, Sendable {
    /// The file system's device; btrfs and others that span devices have an anonymous one (0:x).
    package var number: DeviceNumber
    package var mountPoint: FilePath
    package var fileSystem: String
    /// What was mounted, where the file system says it: a path, or a word such as `tmpfs`.
    package var source: String
    /// Whether the file system as a whole is, not only this mount of it.
    package var isReadOnly: Bool

    package init(
        number: DeviceNumber, mountPoint: FilePath, fileSystem: String, source: String,
        isReadOnly: Bool
    ) {
        self.number = number
        self.mountPoint = mountPoint
        self.fileSystem = fileSystem
        self.source = source
        self.isReadOnly = isReadOnly
    }

    /// Backed by a device, as far as can be told without asking the file system's own tools.
    package var hasDevice: Bool {
        number.major != 0 || source.hasPrefix("/dev/") || fileSystem == "zfs"
    }
}

package enum Mounts {
    private static let file: FilePath = "/proc/self/mountinfo"

    package static func current() throws(PlatformError) -> [Mount] {
        try parse(SystemFile.text(file))
    }

    /// Where the device `number` is mounted.
    ///
    /// Finds neither a second device of a btrfs nor a mount in another namespace: to claim a
    /// device, open it ``BlockDevice/Access/exclusive``.
    package static func of(_ number: DeviceNumber) throws(PlatformError) -> [Mount] {
        try current().filter { mount in
            if mount.number == number { return true }
            guard mount.number.major == 0, mount.source.hasPrefix("/"),
                let status = try? stat(FilePath(mount.source)), status.isBlockDevice
            else { return false }
            return DeviceNumber(status.st_rdev) == number
        }
    }

    /// What a file system has for files of root's, in bytes. The corresponding C function is `statvfs`.
    package static func freeSpace(at path: FilePath) throws(PlatformError) -> UInt64 {
        var status = statvfs()
        try systemCall(.freeSpace, path) { path.withPlatformString { statvfs($0, &status) } }
        let (bytes, overflow) = UInt64(status.f_bfree)
            .multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : bytes
    }

    /// The device number that the mount has on which `descriptor` was opened: for btrfs not the one
    /// that fstat gives. Nil where it is mounted no more.
    static func fileSystem(
        of descriptor: borrowing OwnedDescriptor
    ) throws(PlatformError) -> DeviceNumber? {
        let information = try SystemFile.text(FilePath("/proc/self/fdinfo/\(descriptor.rawValue)"))
        guard let id = id(fileInformation: information) else { return nil }
        let mounts = try SystemFile.text(file).split(separator: "\n")
            .map { $0.split(separator: " ", maxSplits: 3) }
        return mounts.first { $0.count > 3 && $0[0] == id }.flatMap { DeviceNumber($0[2]) }
    }

    /// The number, in mountinfo, of the mount on which a file was opened: of what /proc/PID/fdinfo says of it.
    ///
    /// Source: `seq_show`, fs/proc/fd.c, Linux 6.12; since 3.15.
    static func id(fileInformation text: String) -> String? {
        let key = "mnt_id:"
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.dropFirst(key.utf8.count).trimmed
    }

    /// Reads /proc/self/mountinfo. Source: `show_mountinfo`, fs/proc_namespace.c, Linux 6.12.
    static func parse(_ text: String) throws(PlatformError) -> [Mount] {
        var mounts: [Mount] = []
        for (index, line) in text.split(separator: "\n").enumerated() {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            // Six fields, any number of optional ones, a dash, three more.
            guard fields.count >= 10, let number = DeviceNumber(fields[2]),
                let dash = fields.indices.dropFirst(6).first(where: { fields[$0] == "-" }),
                dash + 3 < fields.count
            else { throw .malformed(path: file, line: index + 1) }
            mounts.append(
                Mount(
                    number: number, mountPoint: FilePath(fields[4].octalUnescaped),
                    fileSystem: String(fields[dash + 1]),
                    source: fields[dash + 2].octalUnescaped,
                    isReadOnly: fields[dash + 3].split(separator: ",").first == "ro"))
        }
        return mounts
    }
}
