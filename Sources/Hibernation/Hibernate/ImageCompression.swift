// SPDX-License-Identifier: GPL-2.0-or-later

import Compression
import KresumeImage

/// How an image is to be packed: "lz4", "zstd", "zstd:19", "auto".
package enum ImageCompression: Hashable, Sendable {
    case lz4
    /// The same, or not at all where the device is faster than that.
    case automatic
    /// The level is one of ``Compression/Zstandard/levels``.
    case zstd(level: Int)

    /// Nil where there is no such compression.
    package init?(_ text: String) {
        let words = text.split(separator: ":", omittingEmptySubsequences: false)
        switch (words.first, words.count) {
        case ("lz4", 1): self = .lz4
        case ("auto", 1): self = .automatic
        case ("zstd", 1): self = .zstd(level: Zstandard.defaultLevel)
        case ("zstd", 2):
            guard let level = Int(words[1]), Zstandard.levels.contains(level) else { return nil }
            self = .zstd(level: level)
        default: return nil
        }
    }

    var name: String {
        switch self {
        case .lz4: "lz4"
        case .automatic: "lz4, or more where the device is fast,"
        case .zstd(let level): "zstd:\(level)"
        }
    }

    var chunks: ChunkCompression { zstandardLevel == nil ? .lz4 : .zstd }

    var level: Int { zstandardLevel ?? Zstandard.defaultLevel }

    var zstandardLevel: Int? { if case .zstd(let level) = self { level } else { nil } }
}
