// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Files for root only, of which nobody ever finds a part.
package enum PrivateFile {
    /// Whoever reads the file finds these bytes or those before. Its directory is made if there is none.
    ///
    /// - Parameter isDurable: whether it is on the disk when this returns.
    package static func replace(
        _ path: FilePath, with bytes: [UInt8], isDurable: Bool
    ) throws(PlatformError) {
        let directory = path.removingLastComponent()
        do {
            try systemCall(.mkdir, directory) { directory.withPlatformString { mkdir($0, 0o700) } }
        } catch { if error.number != .fileExists { throw error } }
        let new = FilePath("\(path).new")
        // One that a process left when it was killed.
        _ = new.withPlatformString { unlink($0) }
        do {
            let file = try OwnedDescriptor(create: new, mode: 0o600)
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

    /// False where there is none.
    package static func remove(_ path: FilePath) throws(PlatformError) -> Bool {
        do { try systemCall(.unlink, path) { path.withPlatformString { unlink($0) } } } catch {
            if error.number == .noSuchFileOrDirectory { return false }
            throw error
        }
        try flush(path.removingLastComponent())
        return true
    }

    /// What was made, renamed and removed in it is on the disk.
    private static func flush(_ directory: FilePath) throws(PlatformError) {
        let file = try OwnedDescriptor(
            open: directory.isEmpty ? "." : directory, O_RDONLY | O_DIRECTORY)
        let number = file.rawValue
        try systemCall(.fsync, directory) { fsync(number) }
    }
}
