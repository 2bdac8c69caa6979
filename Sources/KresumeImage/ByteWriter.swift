// SPDX-License-Identifier: GPL-2.0-or-later

/// Collects the bytes of one stored object.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// Appends zeroes up to `count` bytes in all.
    mutating func pad(to count: Int) {
        if bytes.count < count {
            bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
        }
    }

    mutating func padToPage() { pad(to: Int(ImageFormat.padded(UInt64(bytes.count)))) }
}
