// SPDX-License-Identifier: GPL-2.0-or-later

/// The name of one image: 16 random bytes.
package struct ImageID: Hashable, Sendable {
    /// Bytes 0–7 and 8–15, little endian.
    var low: UInt64
    var high: UInt64

    /// A new one. The standard library draws it from getrandom(2).
    package static func random() -> ImageID {
        ImageID(low: .random(in: 0...UInt64.max), high: .random(in: 0...UInt64.max))
    }
}

extension ImageID: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits, in the order of the bytes.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for word in [low, high] {
            for index in 0..<8 {
                let byte = Int(word >> (8 * UInt64(index)) & 0xff)
                text += [digits[byte >> 4], digits[byte & 15]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension ImageID: LosslessStringConvertible {
    /// Nil unless the text is 32 hexadecimal digits.
    package init?(_ description: String) {
        let text = description.utf8
        guard text.count == 32, text.allSatisfy({ $0 != 0x2b && $0 != 0x2d }),
            let first = UInt64(description.prefix(16), radix: 16),
            let second = UInt64(description.dropFirst(16), radix: 16)
        else { return nil }
        self.init(low: first.byteSwapped, high: second.byteSwapped)
    }
}
