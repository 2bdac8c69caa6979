// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// The firmware's variables, as efivarfs has them where it is mounted.
package enum EFIVariable {
    package static let directory: FilePath = "/sys/firmware/efi/efivars"

    /// Mounts efivarfs where the machine has EFI and nobody has done so; some initramfs tools do not.
    package static func mountFileSystem() throws(PlatformError) {
        let directory = directory
        guard SystemFile.exists(directory),
            try !Mounts.current().contains(where: { $0.mountPoint == directory })
        else { return }
        try systemCall(.mount, directory) {
            directory.withPlatformString {
                mount("efivarfs", $0, "efivarfs", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), nil)
            }
        }
    }

    /// Four bytes of attributes, then the value. Nil where there is no such variable, or no
    /// efivarfs.
    ///
    /// - Parameters:
    ///   - name: with the vendor's GUID.
    ///   - limit: in bytes. What a longer variable has beyond is not read.
    package static func read(
        _ name: String, limit: Int, in directory: FilePath = directory
    ) throws(PlatformError) -> [UInt8]? {
        let path = directory.appending(name)
        let file: OwnedDescriptor
        do { file = try OwnedDescriptor(open: path, O_RDONLY) } catch {
            guard case .call(_, _, .noSuchFileOrDirectory) = error else { throw error }
            return nil
        }
        let number = file.rawValue
        var bytes = [UInt8](repeating: 0, count: limit)
        // In one piece, for each call asks the firmware anew (`efivarfs_file_read`,
        // fs/efivarfs/file.c, Linux 6.12).
        let count = try systemCall(.read, path) { Glibc.read(number, &bytes, limit) }
        // So it shows one that another kernel has taken away.
        return count == 0 ? nil : Array(bytes[..<count])
    }

    /// Whether there is a variable or not.
    ///
    /// - Parameter bytes: as ``read(_:limit:in:)`` gives them.
    package static func write(
        _ bytes: [UInt8], to name: String, in directory: FilePath = directory
    ) throws(PlatformError) {
        let path = directory.appending(name)
        try unlessAbsent { () throws(PlatformError) in try makeMutable(path) }
        // One call sets all of the variable, whatever was in it (`efivarfs_file_write`,
        // fs/efivarfs/file.c, Linux 6.12): there is nothing to be cut off before.
        let file = try OwnedDescriptor(open: path, O_WRONLY | O_CREAT, mode: 0o644)
        let number = file.rawValue
        try systemCall(.write, path) { Glibc.write(number, bytes, bytes.count) }
    }

    /// One that is not there is no error.
    package static func remove(
        _ name: String, in directory: FilePath = directory
    ) throws(PlatformError) {
        let path = directory.appending(name)
        try unlessAbsent { () throws(PlatformError) in
            try makeMutable(path)
            try systemCall(.unlink, path) { path.withPlatformString { unlink($0) } }
        }
    }

    /// The kernel protects variables that it does not know (`efivarfs_get_inode`,
    /// fs/efivarfs/inode.c, Linux 6.12).
    private static func makeMutable(_ path: FilePath) throws(PlatformError) {
        let file = try OwnedDescriptor(open: path, O_RDONLY)
        let number = file.rawValue
        try systemCall(.setFlags, path) { linux_make_mutable(number) }
    }

    private static func unlessAbsent(
        _ body: () throws(PlatformError) -> Void
    ) throws(PlatformError) {
        do { try body() } catch {
            guard case .call(_, _, .noSuchFileOrDirectory) = error else { throw error }
        }
    }
}
