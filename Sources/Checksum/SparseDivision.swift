// SPDX-License-Identifier: GPL-2.0-or-later

/// Long messages are first divided by a sparse multiple of the polynomial, which takes a few xors
/// a word and no table; what remains of them is as long as the multiple, and has the same CRC.
///
/// x^3006 + x^2866 + x^2215 + 1 is the multiple of four terms of the lowest degree (a search finds
/// it in a second). Squaring it thrice multiplies the exponents by 8, so that each term lies a whole
/// number of bytes away. In the terms of a reflected CRC, the bit to be got rid of is the one that
/// comes first in memory; it is added to those that come 140, 791 and 3006 bytes later.
enum SparseDivision {
    // Computed, so that they are constants where they are used.
    private static var near: Int { 140 }
    private static var middle: Int { 791 }
    private static var far: Int { 3006 }

    /// What a step looks back at, in bytes: `far`, rounded up to whole turns.
    private static let window = 3008
    /// Eight words a turn.
    private static let turn = 64
    /// What is divided at a time; the quotient's last `window` bytes go on to the next strip.
    private static let strip = 32 << 10

    /// Shorter messages gain nothing.
    static let threshold = 4 * window

    /// Calls `body` with what remains of `bytes`, which are ``threshold`` or more, after `crc`.
    static func withRemainder<Result>(
        of bytes: UnsafeRawBufferPointer, after crc: UInt32,
        _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        precondition(bytes.count >= threshold, "long enough to be divided")
        return withUnsafeTemporaryAllocation(byteCount: window + strip, alignment: turn) { room in
            room.initializeMemory(as: UInt8.self, repeating: 0)
            let start = bytes.baseAddress!
            let quotient = room.baseAddress! + window
            // Looked back at from the first byte, and from there only.
            quotient.storeBytes(of: crc.littleEndian, toByteOffset: -far, as: UInt32.self)
            let end = (bytes.count - window) / turn * turn
            var position = 0
            while position < end {
                let count = min(strip, end - position)
                divide(start + position, by: quotient, into: quotient, count)
                // The parts may overlap: memmove.
                room.baseAddress!.copyMemory(from: quotient + (count - window), byteCount: window)
                position += count
            }
            // The quotient ends here; what is behind it is not to be added to anything.
            let rest = bytes.count - end
            let padded = (rest + turn - 1) / turn * turn
            let remainder = quotient + padded
            UnsafeMutableRawBufferPointer(start: quotient, count: 2 * padded)
                .initializeMemory(as: UInt8.self, repeating: 0)
            let whole = rest / turn * turn
            divide(start + end, by: quotient, into: remainder, whole)
            for offset in whole..<rest {
                let byte = (start + end).load(fromByteOffset: offset, as: UInt8.self)
                remainder.storeBytes(
                    of: byte ^ quotient.load(fromByteOffset: offset - far, as: UInt8.self)
                        ^ quotient.load(fromByteOffset: offset - middle, as: UInt8.self)
                        ^ quotient.load(fromByteOffset: offset - near, as: UInt8.self),
                    toByteOffset: offset, as: UInt8.self)
            }
            return body(UnsafeRawBufferPointer(start: remainder, count: rest))
        }
    }

    /// Adds to each byte of `source` what `quotient` has in the three places before it. `count` is
    /// a multiple of ``turn``. Eight words a turn, one by one: vectors are no faster here, and much
    /// slower where they are emulated.
    private static func divide(
        _ source: UnsafeRawPointer, by quotient: UnsafeMutableRawPointer,
        into destination: UnsafeMutableRawPointer, _ count: Int
    ) {
        @inline(__always) func word(_ offset: Int) {
            let sum =
                source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                ^ quotient.loadUnaligned(fromByteOffset: offset &- near, as: UInt64.self)
                ^ quotient.loadUnaligned(fromByteOffset: offset &- middle, as: UInt64.self)
                ^ quotient.loadUnaligned(fromByteOffset: offset &- far, as: UInt64.self)
            destination.storeBytes(of: sum, toByteOffset: offset, as: UInt64.self)
        }
        var offset = 0
        while offset < count {
            word(offset)
            word(offset &+ 8)
            word(offset &+ 16)
            word(offset &+ 24)
            word(offset &+ 32)
            word(offset &+ 40)
            word(offset &+ 48)
            word(offset &+ 56)
            offset &+= turn
        }
    }
}
