// SPDX-License-Identifier: GPL-2.0-or-later

/// How the chunks of an image are packed that are not raw.
package enum ChunkCompression: Hashable, Sendable {
    /// One LZ4 block each.
    case lz4
    /// One Zstandard frame each.
    case zstd

    /// Among the features that a reader must know.
    var feature: UInt64 {
        switch self {
        case .lz4: 0
        case .zstd: 1 << 0
        }
    }

    init(features: UInt64) {
        self = features & Self.zstd.feature == 0 ? .lz4 : .zstd
    }
}
