// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// A device of 64 MiB as an input describes it: pieces, each where it is (4 bytes), how many bytes it has, and
/// these. The rest is zero.
struct PiecedDevice {
    static let size: UInt64 = 64 << 20

    private var pieces: [(offset: UInt64, bytes: [UInt8])] = []

    init(_ input: ArraySlice<UInt8>) {
        let input = Array(input)
        var place = 0
        while let offset = input.integer(at: place, as: UInt32.self), place + 4 < input.count {
            let end = min(input.count, place + 5 + Int(input[place + 4]))
            pieces.append((UInt64(offset), Array(input[place + 5..<end])))
            place = end
        }
    }

    /// Of an input.
    static func piece(_ bytes: [UInt8], at offset: UInt32) -> [UInt8] {
        var result: [UInt8] = []
        result.append(littleEndian: offset)
        return result + [UInt8(bytes.count)] + bytes
    }

    /// Whoever asks for what is not on the device has made a mistake.
    func readAt(_ offset: UInt64, _ count: Int) -> [UInt8]? {
        require(
            offset <= Self.size && UInt64(count) <= Self.size - offset, "read \(count) at \(offset)"
        )
        var bytes = [UInt8](repeating: 0, count: count)
        for (place, piece) in pieces
        where place < offset + UInt64(count) && place + UInt64(piece.count) > offset {
            for (index, byte) in piece.enumerated() {
                let at = place + UInt64(index)
                if at >= offset, at < offset + UInt64(count) { bytes[Int(at - offset)] = byte }
            }
        }
        return bytes
    }
}
