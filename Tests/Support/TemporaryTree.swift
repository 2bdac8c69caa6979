// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import SystemPackage

/// A directory with given files, that stands for /sys or holds an image; removed at the end of the
/// scope that holds it.
package struct TemporaryTree: ~Copyable {
    package let root: FilePath

    /// A name that ends with a slash is an empty directory.
    package init(_ files: [String: String] = [:]) throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("platform-tests-\(UUID().uuidString)")
        root = FilePath(url.path)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (name, contents) in files { try write(Array(contents.utf8), to: name) }
    }

    @discardableResult
    package func write(_ bytes: [UInt8], to name: String) throws -> FilePath {
        let path = root.appending(name)
        let isDirectory = name.hasSuffix("/")
        try FileManager.default.createDirectory(
            atPath: isDirectory ? path.string : path.removingLastComponent().string,
            withIntermediateDirectories: true)
        // Not by Data.write, which leaves a directory behind in /tmp.
        if !isDirectory, !FileManager.default.createFile(atPath: path.string, contents: Data(bytes))
        {
            throw CocoaError(.fileWriteUnknown)
        }
        return path
    }

    deinit { try? FileManager.default.removeItem(atPath: root.string) }
}
