// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// A file that stands for a device, of which a few bytes are read or written at a time.
package protocol FileOnDisk {
    var path: String { get }
}

extension FileOnDisk {
    package func bytes(at offset: UInt64, _ count: Int) -> [UInt8]? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        try? file.seek(toOffset: offset)
        return (try? file.read(upToCount: count)).map { Array($0) }
    }

    package func write(_ bytes: [UInt8], at offset: UInt64) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }
}
