// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// What the guests have in memory: a third random, a third like text, a third sparse, in turns of
/// 64 KiB. The same bytes in every run.
enum Workload {
    private static let pieceSize = 64 << 10

    /// Writes `mebibytes` of it to a file.
    static func write(mebibytes: Int, to path: URL) throws {
        try Data().write(to: path)
        let file = try FileHandle(forWritingTo: path)
        defer { try? file.close() }
        var numbers = Numbers(state: 0x9e37_79b9_7f4a_7c15)
        let words = vocabulary(&numbers)
        var kind = 0
        for _ in 0..<mebibytes {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(1 << 20)
            while bytes.count < 1 << 20 {
                let end = bytes.count + pieceSize
                switch kind % 3 {
                case 0: appendRandom(&bytes, &numbers, end)
                case 1: appendText(&bytes, &numbers, words, end)
                default: appendSparse(&bytes, &numbers, end)
                }
                kind += 1
            }
            try file.write(contentsOf: Data(bytes))
        }
    }

    private static func appendRandom(_ bytes: inout [UInt8], _ numbers: inout Numbers, _ end: Int) {
        while bytes.count < end {
            withUnsafeBytes(of: numbers.next()) { bytes.append(contentsOf: $0) }
        }
    }

    /// Words of which some are much more frequent than others.
    private static func appendText(
        _ bytes: inout [UInt8], _ numbers: inout Numbers, _ words: [[UInt8]], _ end: Int
    ) {
        while bytes.count < end {
            let number = numbers.next()
            // The least of three is small more often than large.
            let index = min(number & 0xfff, number >> 12 & 0xfff, number >> 24 & 0xfff)
            bytes.append(contentsOf: words[Int(index)])
        }
        bytes.removeLast(bytes.count - end)
    }

    /// Pages with a few words in them.
    private static func appendSparse(_ bytes: inout [UInt8], _ numbers: inout Numbers, _ end: Int) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: end - start))
        for page in stride(from: start, to: end, by: 4096) {
            for _ in 0..<32 {
                let number = numbers.next()
                let offset = page + Int(number & 511) * 8
                for index in 0..<8 {
                    bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
                }
            }
        }
    }

    private static func vocabulary(_ numbers: inout Numbers) -> [[UInt8]] {
        (0..<4096).map { _ in
            let length = 2 + numbers.next() % 9
            let letters = (0..<length).map { _ in UInt8(97 + numbers.next() % 26) }
            return letters + [32]
        }
    }
}

/// xorshift64: Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003.
private struct Numbers {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
