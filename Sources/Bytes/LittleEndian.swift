// SPDX-License-Identifier: GPL-2.0-or-later

extension RawSpan {
    /// The little-endian integer at `offset`. Traps outside the span.
    @inlinable
    package func integer<T: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: T.Type = T.self
    ) -> T {
        T(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Traps outside the span.
    @inlinable
    package func u32(at offset: Int) -> UInt32 { integer(at: offset) }

    /// Traps outside the span.
    @inlinable
    package func u64(at offset: Int) -> UInt64 { integer(at: offset) }
}

extension [UInt8] {
    /// The little-endian integer at `offset`; nil where it runs past the end.
    @inlinable
    package func integer<T: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: T.Type = T.self
    ) -> T? {
        guard offset >= 0, offset <= count - T.bitWidth / 8 else { return nil }
        return span.bytes.integer(at: offset)
    }

    /// Writes an integer in little-endian order. Requires that it lies inside the array.
    package mutating func store(_ value: some FixedWidthInteger, at offset: Int) {
        Swift.withUnsafeBytes(of: value.littleEndian) {
            replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    /// Copies `bytes` over what is at `offset`. Requires that they lie inside the array.
    package mutating func store(_ bytes: some Collection<UInt8>, at offset: Int) {
        replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    /// Adds an integer at the end, in little-endian order.
    package mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
