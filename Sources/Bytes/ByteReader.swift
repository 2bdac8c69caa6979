// SPDX-License-Identifier: GPL-2.0-or-later

/// An error that can say that bytes end too early.
package protocol TruncationError: Error {
    /// At `offset`, `needed` bytes were wanted and `available` are there.
    static func truncated(offset: UInt64, needed: Int, available: Int) -> Self
}

/// A cursor over little-endian bytes. It never reads past their end, and one that throws stays
/// where it is.
package struct ByteReader<Failure: TruncationError> {
    @usableFromInline let bytes: [UInt8]
    @usableFromInline let base: UInt64
    @usableFromInline var position = 0

    /// - Parameter base: added to the offsets in errors.
    @inlinable
    package init(_ bytes: [UInt8], at base: UInt64 = 0) {
        self.bytes = bytes
        self.base = base
    }

    /// Of the next byte, from `base` on.
    @inlinable
    package var offset: UInt64 { base &+ UInt64(position) }

    @inlinable
    package var remaining: Int { bytes.count - position }

    @inlinable
    package mutating func u16() throws(Failure) -> UInt16 { try integer() }
    @inlinable
    package mutating func u32() throws(Failure) -> UInt32 { try integer() }
    @inlinable
    package mutating func u64() throws(Failure) -> UInt64 { try integer() }

    @inlinable
    package mutating func bytes(_ count: Int) throws(Failure) -> ArraySlice<UInt8> {
        try require(count)
        defer { position += count }
        return bytes[position..<position + count]
    }

    @inlinable
    package mutating func skip(_ count: Int) throws(Failure) {
        try require(count)
        position += count
    }

    @inlinable
    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>() throws(Failure) -> T {
        let size = T.bitWidth / 8
        try require(size)
        defer { position += size }
        return bytes.span.bytes.integer(at: position)
    }

    @inlinable
    func require(_ count: Int) throws(Failure) {
        if count < 0 || count > remaining {
            throw .truncated(offset: offset, needed: count, available: remaining)
        }
    }
}
