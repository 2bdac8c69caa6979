// SPDX-License-Identifier: GPL-2.0-or-later

internal import CLZ4

/// LZ4 blocks without a frame around them. Source: lz4_Block_format.md of the lz4 project.
package enum LZ4 {
    /// What is stored is padded to this, so a smaller gain is none.
    package static let granularity = 4096

    /// Packs `source` into `destination` and returns how many bytes that took, or nil where
    /// storing them would not save one whole page of 4096 bytes.
    ///
    /// `destination` needs room for no more than `source.count - 4096` bytes; what it holds after
    /// nil is undefined. Requires `source.count` to be below 2 GiB. `acceleration` is from 1 on:
    /// the more, the faster and the less thorough.
    ///
    /// The corresponding C function is `LZ4_compress_fast`.
    package static func compress(
        _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer,
        acceleration: Int = 1
    ) -> Int? {
        let room = min(destination.count, source.count - granularity)
        guard room > 0, let from = source.baseAddress, let to = destination.baseAddress else {
            return nil
        }
        // Given less room than the bound, it gives up as soon as the room is full.
        let packed = LZ4_compress_fast(
            from, to, Int32(source.count), Int32(room), Int32(acceleration))
        return packed > 0 ? Int(packed) : nil
    }

    /// Unpacks one block, which must fill `destination` to its last byte. Reads nothing outside
    /// `block` and writes nothing outside `destination`, whatever the block holds.
    ///
    /// The corresponding C function is `LZ4_decompress_safe`.
    package static func decompress(
        _ block: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
    ) throws(DecompressionError) {
        let unpacked = try decompress(block, intoAtMost: destination)
        if unpacked != destination.count {
            throw .size(expected: destination.count, found: unpacked)
        }
    }

    /// The same where nobody knows how large it is: returns how many bytes of `destination` are its.
    package static func decompress(
        _ block: UnsafeRawBufferPointer, intoAtMost destination: UnsafeMutableRawBufferPointer
    ) throws(DecompressionError) -> Int {
        guard let from = block.baseAddress, let to = destination.baseAddress,
            let packed = Int32(exactly: block.count), let size = Int32(exactly: destination.count)
        else { throw .malformed(expected: destination.count) }
        let unpacked = LZ4_decompress_safe(from, to, packed, size)
        if unpacked < 0 { throw .malformed(expected: destination.count) }
        return Int(unpacked)
    }
}
