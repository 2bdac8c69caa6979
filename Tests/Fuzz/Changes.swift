// SPDX-License-Identifier: GPL-2.0-or-later

/// An input as a list of changes to bytes that are valid: so a fuzzer begins behind the magic
/// numbers, and checksums can be made to agree afterwards.
///
/// Every input is such a list. A change is: a region (1 byte), an operation (1 byte), a position
/// in the region (2 bytes, little endian), and what the operation takes.
struct Changes {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    /// Zeroes follow the end.
    mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self) -> T {
        var value: T = 0
        for shift in stride(from: 0, to: T.bitWidth, by: 8) {
            if !isAtEnd { value |= T(truncatingIfNeeded: bytes[position]) << T(shift) }
            position += 1
        }
        return value
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in integer(UInt8.self) }
    }

    mutating func next() -> Change? {
        if isAtEnd { return nil }
        let region = Int(integer(UInt8.self))
        let operation = integer(UInt8.self)
        let place = Int(integer(UInt16.self))
        switch operation % 8 {
        case 0: return Change(region, place, .bytes(take(1)))
        case 1: return Change(region, place, .bytes(take(2)))
        case 2: return Change(region, place, .bytes(take(4)))
        case 3: return Change(region, place, .bytes(take(8)))
        case 4: return Change(region, place, .add(Int8(bitPattern: integer())))
        case 5: return Change(region, place, .flip(integer()))
        case 6:
            let count = min(Int(integer(UInt8.self)), bytes.count - min(position, bytes.count))
            return Change(region, place, .bytes(take(count)))
        default: return Change(region, place, .copy(from: Int(integer(UInt16.self))))
        }
    }
}

struct Change {
    enum Operation {
        case bytes([UInt8])
        /// To eight bytes.
        case add(Int8)
        /// This bit of the byte.
        case flip(UInt8)
        /// Sixteen bytes, from a position in the same region.
        case copy(from: Int)
    }

    let region: Int
    let place: Int
    let operation: Operation

    init(_ region: Int, _ place: Int, _ operation: Operation) {
        self.region = region
        self.place = place
        self.operation = operation
    }

    /// For seeds: bytes of an input that ask for this. At most 255 `bytes`.
    static func put(_ bytes: [UInt8], in region: Int, at place: Int) -> [UInt8] {
        [UInt8(region), 6, UInt8(place & 0xff), UInt8(place >> 8), UInt8(bytes.count)] + bytes
    }

    static func put<T: FixedWidthInteger>(_ value: T, in region: Int, at place: Int) -> [UInt8] {
        put(withUnsafeBytes(of: value.littleEndian) { Array($0) }, in: region, at: place)
    }

    /// Changes what lies in `range` of `bytes`, nothing outside it.
    func apply(to bytes: inout [UInt8], in range: Range<Int>) {
        let range = range.clamped(to: 0..<bytes.count)
        if range.isEmpty { return }
        let start = range.lowerBound + place % range.count
        func put(_ new: some Sequence<UInt8>) {
            for (index, byte) in zip(start..<range.upperBound, new) { bytes[index] = byte }
        }
        let next = (start..<min(start + 8, range.upperBound)).reversed()
        switch operation {
        case .bytes(let new): put(new)
        case .add(let difference):
            let old = next.reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
            let new = old &+ UInt64(bitPattern: Int64(difference))
            put((0..<8).map { UInt8(truncatingIfNeeded: new >> (8 * $0)) })
        case .flip(let bit): bytes[start] ^= 1 << (bit % 8)
        case .copy(let from):
            let source = range.lowerBound + from % range.count
            put(Array(bytes[source..<min(source + 16, range.upperBound)]))
        }
    }
}
