// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// A file of ours in /run, which ends with the kernel that runs: for root only.
package struct RuntimeFile: Sendable {
    private let directory: FilePath
    private let path: FilePath

    /// What kresume is to undo.
    package static let undoNote = RuntimeFile("undo", in: "/run/kresume")
    /// What became of the last hibernation or resume.
    package static let status = RuntimeFile("status", in: "/run/kresume")
    /// There where no other program may resume an image in this boot. The hooks look whether it is.
    package static let onlyResume = RuntimeFile("no-other-resume", in: "/run/kresume")

    init(_ name: String, in directory: FilePath) {
        self.directory = directory
        path = directory.appending(name)
    }

    /// Nil where there is none.
    package func read(limit: Int) throws(PlatformError) -> [UInt8]? {
        do { return try SystemFile.bytes(path, limit: limit) } catch {
            guard error.number == .noSuchFileOrDirectory else { throw error }
            return nil
        }
    }

    /// Whoever reads it finds these bytes or those before, never a part.
    package func replace(with bytes: [UInt8]) throws(PlatformError) {
        try WholeFile.replace(path, with: bytes, isDurable: false)
    }

    /// Nothing where there is none. Its directory goes too.
    package func remove() throws(PlatformError) {
        do { try systemCall(.unlink, path) { path.withPlatformString { unlink($0) } } } catch {
            guard error.number == .noSuchFileOrDirectory else { throw error }
        }
        _ = directory.withPlatformString { rmdir($0) }
    }
}
