// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// The small files through which the kernel speaks: /proc, /sys.
package enum SystemFile {
    /// No such file comes near this; /proc/iomem and /proc/self/mountinfo are the largest read.
    package static let defaultLimit = 4 << 20

    /// All of a file. Throws ``PlatformError/tooLarge(path:limit:)`` where it has more than `limit`
    /// bytes.
    package static func bytes(
        _ path: FilePath, limit: Int = defaultLimit
    ) throws(PlatformError) -> [UInt8] {
        let bytes = try prefix(path, count: limit + 1)
        if bytes.count > limit { throw .tooLarge(path: path, limit: limit) }
        return bytes
    }

    /// All of a file as text; bytes that are not UTF-8 become U+FFFD.
    package static func text(
        _ path: FilePath, limit: Int = defaultLimit
    ) throws(PlatformError) -> String {
        String(decoding: try bytes(path, limit: limit), as: UTF8.self)
    }

    /// A file's one line, without blanks and line feeds at its ends.
    package static func line(_ path: FilePath) throws(PlatformError) -> String {
        try text(path, limit: 64 << 10).trimmed
    }

    /// Nil where there is no such file, else as ``line(_:)``.
    package static func lineIfPresent(_ path: FilePath) throws(PlatformError) -> String? {
        do { return try line(path) } catch {
            guard case .call(.open, _, .noSuchFileOrDirectory) = error else { throw error }
            return nil
        }
    }

    /// At most the first `count` bytes.
    package static func prefix(_ path: FilePath, count: Int) throws(PlatformError) -> [UInt8] {
        let file = try OwnedDescriptor(open: path, O_RDONLY)
        let number = file.rawValue
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(count, 16 << 10))
        while result.count < count {
            let wanted = min(chunk.count, count - result.count)
            let got = try systemCall(.read, path) { read(number, &chunk, wanted) }
            if got == 0 { break }
            result += chunk[..<got]
        }
        return result
    }

    /// Writes `text` to an existing file in one call, as the files of /proc/sys and /sys want it.
    package static func write(_ text: String, to path: FilePath) throws(PlatformError) {
        try write(Array(text.utf8), to: path)
    }

    package static func write(_ bytes: [UInt8], to path: FilePath) throws(PlatformError) {
        let file = try OwnedDescriptor(open: path, O_WRONLY)
        let number = file.rawValue
        try systemCall(.write, path) { Glibc.write(number, bytes, bytes.count) }
    }

    /// When what is in a file was last changed, in nanoseconds since 1970; nil where there is none.
    package static func modificationTime(of path: FilePath) -> Int64? {
        guard let time = try? stat(path).st_mtim else { return nil }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    package static func exists(_ path: FilePath) -> Bool {
        path.withPlatformString { access($0, F_OK) } == 0
    }

    /// Where a path leads; nil where to nothing. The corresponding C function is `realpath`.
    package static func withoutLinks(_ path: FilePath) throws(PlatformError) -> FilePath? {
        guard let real = path.withPlatformString({ realpath($0, nil) }) else {
            let number = Errno(rawValue: errno)
            if number == .noSuchFileOrDirectory { return nil }
            throw .call(.realpath, path: path, number)
        }
        defer { free(real) }
        return FilePath(platformString: real)
    }

    /// The names in a directory without `.` and `..`, in byte order.
    package static func names(in directory: FilePath) throws(PlatformError) -> [String] {
        guard let stream = directory.withPlatformString({ opendir($0) }) else {
            throw .call(.opendir, path: directory, Errno(rawValue: errno))
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        if errno != 0 { throw .call(.readdir, path: directory, Errno(rawValue: errno)) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
