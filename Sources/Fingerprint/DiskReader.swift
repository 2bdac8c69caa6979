// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// Reads a device on behalf of a file system of which nothing is known to be right: not beyond the
/// device's end, and not without a limit, whatever a superblock says.
final class DiskReader {
    /// In bytes.
    let size: UInt64
    private let read: (_ offset: UInt64, _ count: Int) -> [UInt8]?
    /// In bytes: what may still be read.
    private var left = 64 << 20

    private static let pieceSize: UInt64 = 1 << 18

    init(size: UInt64, _ read: @escaping (_ offset: UInt64, _ count: Int) -> [UInt8]?) {
        self.size = size
        self.read = read
    }

    /// Nil where they are not all there.
    func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
        guard count > 0, count <= left, offset < size, UInt64(count) <= size - offset
        else { return nil }
        left -= count
        guard let bytes = read(offset, count), bytes.count == count else { return nil }
        return bytes
    }

    /// The XXH64 of a range. Nil as with ``bytes(at:count:)``.
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

/// Nil where it does not fit.
func product(_ one: UInt64, _ other: UInt64) -> UInt64? {
    let (value, overflow) = one.multipliedReportingOverflow(by: other)
    return overflow ? nil : value
}

/// Nil where it does not fit.
func sum(_ one: UInt64?, _ other: UInt64?) -> UInt64? {
    guard let one, let other else { return nil }
    let (value, overflow) = one.addingReportingOverflow(other)
    return overflow ? nil : value
}

extension [UInt8] {
    /// The little-endian number of 2, 4 or 8 bytes at `offset`, which must be there.
    func little(_ offset: Int, _ width: Int) -> UInt64 {
        switch width {
        case 2: UInt64(span.bytes.integer(at: offset, as: UInt16.self))
        case 4: UInt64(span.bytes.u32(at: offset))
        default: span.bytes.u64(at: offset)
        }
    }

    /// The same in big-endian order.
    func big(_ offset: Int, _ width: Int) -> UInt64 {
        little(offset, width).byteSwapped >> UInt64(64 - 8 * width)
    }
}
