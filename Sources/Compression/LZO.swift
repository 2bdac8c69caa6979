// SPDX-License-Identifier: GPL-2.0-or-later

internal import CLZO

/// LZO1X blocks as the kernel's "lzo" compressor makes them, without a header.
///
/// Source: Documentation/staging/lzo.rst, Linux 6.12, bitstream version 0.
package enum LZO {
    /// Unpacks one block, which must fill `destination` to its last byte. Reads nothing outside
    /// `block` and writes nothing outside `destination`, whatever the block holds. A damaged block
    /// may unpack to other bytes without an error: LZO has no checksum.
    ///
    /// The corresponding C function is `lzo1x_decompress_safe` (liblzo2).
    package static func decompress(
        _ block: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
    ) throws(DecompressionError) {
        guard let from = block.baseAddress, let to = destination.baseAddress else {
            throw .malformed(expected: destination.count)
        }
        var unpacked = lzo_uint(destination.count)
        let status = lzo1x_decompress_safe(from, lzo_uint(block.count), to, &unpacked, nil)
        guard status == LZO_E_OK else { throw .malformed(expected: destination.count) }
        guard unpacked == destination.count else {
            throw .size(expected: destination.count, found: Int(unpacked))
        }
    }
}
