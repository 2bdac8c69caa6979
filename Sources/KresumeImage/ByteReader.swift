// SPDX-License-Identifier: GPL-2.0-or-later

/// A cursor over bytes of an image. It never reads past their end, and one that throws stays
/// where it is.
struct ByteReader {
    private let bytes: [UInt8]
    private let base: UInt64
    private var position = 0

    /// `base` is the offset in the image area at which `bytes` begin.
    init(_ bytes: [UInt8], at base: UInt64) {
        self.bytes = bytes
        self.base = base
    }

    /// Of the next byte, in the image area.
    var offset: UInt64 { base &+ UInt64(position) }

    var remaining: Int { bytes.count - position }

    mutating func u16() throws(ImageError) -> UInt16 { try integer() }
    mutating func u32() throws(ImageError) -> UInt32 { try integer() }
    mutating func u64() throws(ImageError) -> UInt64 { try integer() }

    mutating func bytes(_ count: Int) throws(ImageError) -> ArraySlice<UInt8> {
        try require(count)
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func skip(_ count: Int) throws(ImageError) {
        try require(count)
        position += count
    }

    private mutating func integer<T: FixedWidthInteger>() throws(ImageError) -> T {
        let size = T.bitWidth / 8
        try require(size)
        defer { position += size }
        return bytes.withUnsafeBytes {
            T(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: T.self))
        }
    }

    private func require(_ count: Int) throws(ImageError) {
        if count < 0 || count > remaining {
            throw .truncated(offset: offset, needed: count, available: remaining)
        }
    }
}
