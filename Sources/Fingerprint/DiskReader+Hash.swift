// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

extension DiskReader {
    private static var pieceSize: UInt64 { 1 << 18 }

    /// The XXH64 of a range. Nil where it cannot be read.
    func hash(at offset: UInt64, count: UInt64) -> UInt64? {
        let stream = XXH64.Stream()
        return add(offset, count, to: stream) ? stream.value : nil
    }

    func add(_ offset: UInt64, _ count: UInt64, to stream: XXH64.Stream) -> Bool {
        guard offset <= size, count <= size - offset else { return false }
        var done: UInt64 = 0
        while done < count {
            let piece = min(Self.pieceSize, count - done)
            guard let bytes = bytes(at: offset + done, count: Int(piece)) else { return false }
            stream.update(bytes)
            done += piece
        }
        return true
    }
}
