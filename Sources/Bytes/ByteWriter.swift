// SPDX-License-Identifier: GPL-2.0-or-later

/// Collects little-endian bytes.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package mutating func append(_ value: some FixedWidthInteger) {
        bytes.append(littleEndian: value)
    }

    package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// Appends zeroes up to `count` bytes in all.
    package mutating func pad(to count: Int) {
        if bytes.count < count {
            bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
        }
    }
}
