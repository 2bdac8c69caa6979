// SPDX-License-Identifier: GPL-2.0-or-later

/// Reads a device on behalf of a format of which nothing is known to be right: not beyond the device's
/// end, and not without a limit, whatever a superblock says.
package final class DiskReader {
    /// In bytes.
    package let size: UInt64
    private let read: (_ offset: UInt64, _ count: Int) -> [UInt8]?
    /// In bytes: what may still be read.
    private var left: Int

    /// - Parameter limit: how much is read in all, in bytes.
    package init(
        size: UInt64, limit: Int = 64 << 20,
        _ read: @escaping (_ offset: UInt64, _ count: Int) -> [UInt8]?
    ) {
        self.size = size
        left = limit
        self.read = read
    }

    /// Whether more was asked for than is read.
    package private(set) var isExhausted = false

    /// Nil where they are not all there.
    package func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
        guard count > 0, offset < size, UInt64(count) <= size - offset else { return nil }
        guard count <= left else {
            isExhausted = true
            return nil
        }
        left -= count
        guard let bytes = read(offset, count), bytes.count == count else { return nil }
        return bytes
    }
}

/// Nil where it does not fit.
package func product(_ one: UInt64, _ other: UInt64) -> UInt64? {
    let (value, overflow) = one.multipliedReportingOverflow(by: other)
    return overflow ? nil : value
}

/// Nil where it does not fit.
package func sum(_ one: UInt64?, _ other: UInt64?) -> UInt64? {
    guard let one, let other else { return nil }
    let (value, overflow) = one.addingReportingOverflow(other)
    return overflow ? nil : value
}

extension [UInt8] {
    /// The little-endian number of 2, 4 or 8 bytes at `offset`, which must be there.
    package func little(_ offset: Int, _ width: Int) -> UInt64 {
        switch width {
        case 2: UInt64(span.bytes.integer(at: offset, as: UInt16.self))
        case 4: UInt64(span.bytes.u32(at: offset))
        default: span.bytes.u64(at: offset)
        }
    }

    /// The same in big-endian order.
    package func big(_ offset: Int, _ width: Int) -> UInt64 {
        little(offset, width).byteSwapped >> UInt64(64 - 8 * width)
    }
}
