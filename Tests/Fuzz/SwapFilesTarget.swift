// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import SwapArea
import SwapFiles
import TestSupport

extension FuzzTarget {
    /// File systems on a device of 64 MiB. An input is pieces: where (4 bytes), how many bytes, and these.
    static let swapFiles = FuzzTarget(name: "swap-files", inputLimit: 2048) {
        let page: UInt32 = 100
        let signature = piece(Array("S1SUSPEND".utf8), at: page * 4096 + 4086)
        return [
            SmallFileSystem.ext(swapAt: page), .xfs(swapAt: page), .btrfs(swapAt: page),
        ].map { made in
            made.pieces.flatMap { piece($0.bytes, at: UInt32($0.offset)) } + signature
        }
    } test: { input in
        let pieces = pieces(of: input)
        let size: UInt64 = 64 << 20
        var looks = 0
        let isLate = {
            looks += 1
            return looks > 3000
        }
        let files = SwapFiles(size: size, unless: isLate) { offset, count in
            require(offset <= size && UInt64(count) <= size - offset, "read \(count) at \(offset)")
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
        for file in files?.files ?? [] {
            require(
                file.offset.isMultiple(of: 4096) && file.offset < size && file.kind != .unknown
                    && file.path.hasPrefix("/"), "\(file)")
        }
        require(looks <= 3001, "\(looks) reads")
    }

    private static func piece(_ bytes: [UInt8], at offset: UInt32) -> [UInt8] {
        var result: [UInt8] = []
        result.append(littleEndian: offset)
        return result + [UInt8(bytes.count)] + bytes
    }

    private static func pieces(of input: [UInt8]) -> [(UInt64, [UInt8])] {
        var pieces: [(UInt64, [UInt8])] = []
        var place = 0
        while let offset = input.integer(at: place, as: UInt32.self), place + 4 < input.count {
            let end = min(input.count, place + 5 + Int(input[place + 4]))
            pieces.append((UInt64(offset), Array(input[place + 5..<end])))
            place = end
        }
        return pieces
    }
}
