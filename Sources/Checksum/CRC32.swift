// SPDX-License-Identifier: GPL-2.0-or-later

internal import CZlib

/// The kernel's `crc32_le` (lib/crc32.c, Linux 6.12): the reflected IEEE 802.3 polynomial, and no
/// inversion before or after.
///
/// zlib's `crc32` inverts both, so crc32_le(c, m) = ~crc32(~c, m).
///
/// With a start value of 0 it is linear: appending n zero bytes to a message multiplies its CRC by
/// x^8n modulo the polynomial, and the CRC of A followed by B is that product for A, xor the CRC
/// of B. So the parts of a message can be summed up in any order.
package enum CRC32 {
    /// Goes on from `crc`, which is 0 or what came out for the bytes before.
    package static func update(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        if bytes.count >= SparseDivision.threshold {
            return SparseDivision.withRemainder(of: bytes, after: crc) { byTable(0, $0) }
        }
        return byTable(crc, bytes)
    }

    private static func byTable(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        // Where it is given no bytes, zlib starts anew.
        guard bytes.count > 0, let start = bytes.baseAddress else { return crc }
        let pointer = start.assumingMemoryBound(to: UInt8.self)
        return ~UInt32(truncatingIfNeeded: crc32_z(uLong(~crc), pointer, bytes.count))
    }

    package static func update(_ crc: UInt32, _ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { update(crc, $0) }
    }

    /// The same as an update with `count` zero bytes, in steps as many as `count` has bits.
    /// Requires `count` to be below 2^63.
    ///
    /// The corresponding C function is `crc32_combine` with 0 for the second CRC.
    package static func shifted(_ crc: UInt32, byZeroes count: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_combine(uLong(crc), 0, Int(count)))
    }
}
