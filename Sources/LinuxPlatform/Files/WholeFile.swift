// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Files of which nobody ever finds a part.
package enum WholeFile {
    /// Who may read and write one: for root only.
    package static let secret: UInt32 = 0o600
    /// Everybody may read it.
    package static let common: UInt32 = 0o644

    /// Whoever reads the file finds these bytes or those before. Its directory is made if there is none.
    ///
    /// - Parameters:
    ///   - isDurable: whether it is on the disk when this returns.
    ///   - mode: its permissions; those of a new directory follow.
    package static func replace(
        _ path: FilePath, with bytes: [UInt8], isDurable: Bool, mode: UInt32 = secret
    ) throws(PlatformError) {
        let directory = path.removingLastComponent()
        // Who may read may search.
        try makeDirectory(directory, mode: mode | (mode & 0o444) >> 2)
        let new = FilePath("\(path).new")
        // One that a process left when it was killed.
        _ = new.withPlatformString { unlink($0) }
        do {
            let file = try OwnedDescriptor(create: new, mode: mode)
            let number = file.rawValue
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = try systemCall(.write, new) {
                    rest.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
                }
                rest = rest.dropFirst(count)
            }
            if isDurable { try systemCall(.fsync, new) { fsync(number) } }
        }
        try systemCall(.rename, path) {
            new.withPlatformString { new in path.withPlatformString { rename(new, $0) } }
        }
        if isDurable { try flush(directory) }
    }

    /// Writes over the beginning of a file that is there, and waits until that is on the disk: for one
    /// whose blocks others know.
    package static func overwrite(
        _ path: FilePath, with bytes: [UInt8]
    ) throws(PlatformError) {
        let file = try OwnedDescriptor(open: path, O_WRONLY)
        let number = file.rawValue
        let count = try systemCall(.write, path) { write(number, bytes, bytes.count) }
        if count < bytes.count { throw .call(.write, path: path, .noSpace) }
        try systemCall(.fsync, path) { fsync(number) }
    }

    /// False where there is none.
    package static func remove(_ path: FilePath) throws(PlatformError) -> Bool {
        do { try systemCall(.unlink, path) { path.withPlatformString { unlink($0) } } } catch {
            if error.number == .noSuchFileOrDirectory { return false }
            throw error
        }
        try flush(path.removingLastComponent())
        return true
    }

    /// A symbolic link; there must be nothing of that name. Its directory is made if there is none.
    package static func link(_ path: FilePath, to target: FilePath) throws(PlatformError) {
        try makeDirectory(path.removingLastComponent(), mode: 0o755)
        try systemCall(.symlink, path) {
            target.withPlatformString { target in
                path.withPlatformString { symlink(target, $0) }
            }
        }
        try flush(path.removingLastComponent())
    }

    /// Nothing where there is something in it, or no such directory.
    package static func removeEmptyDirectory(_ path: FilePath) {
        _ = path.withPlatformString { rmdir($0) }
    }

    private static func makeDirectory(_ path: FilePath, mode: UInt32) throws(PlatformError) {
        do { try systemCall(.mkdir, path) { path.withPlatformString { mkdir($0, mode) } } } catch {
            if error.number != .fileExists { throw error }
        }
    }

    /// What was made, renamed and removed in it is on the disk.
    private static func flush(_ directory: FilePath) throws(PlatformError) {
        let file = try OwnedDescriptor(
            open: directory.isEmpty ? "." : directory, O_RDONLY | O_DIRECTORY)
        let number = file.rawValue
        try systemCall(.fsync, directory) { fsync(number) }
    }
}
