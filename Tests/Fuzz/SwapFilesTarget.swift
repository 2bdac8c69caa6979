// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import SwapArea
import SwapFiles
import TestSupport

extension FuzzTarget {
    /// File systems on a ``PiecedDevice``.
    static let swapFiles = FuzzTarget(name: "swap-files", inputLimit: 2048) {
        let page: UInt32 = 100
        let signature = PiecedDevice.piece(Array("S1SUSPEND".utf8), at: page * 4096 + 4086)
        return [
            SmallFileSystem.ext(swapAt: page), .xfs(swapAt: page), .btrfs(swapAt: page),
        ].map { made in
            made.pieces.flatMap { PiecedDevice.piece($0.bytes, at: UInt32($0.offset)) } + signature
        }
    } test: { input in
        var looks = 0
        let isLate = {
            looks += 1
            return looks > 3000
        }
        let size = PiecedDevice.size
        let files = SwapFiles(size: size, unless: isLate, readAt: PiecedDevice(input[...]).readAt)
        for file in files?.files ?? [] {
            require(
                file.offset.isMultiple(of: 4096) && file.offset < size && file.kind != .unknown
                    && file.path.hasPrefix("/"), "\(file)")
        }
        require(looks <= 3001, "\(looks) reads")
    }
}
