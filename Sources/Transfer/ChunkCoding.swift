// SPDX-License-Identifier: GPL-2.0-or-later

import Compression
import KresumeImage
import LinuxPlatform
import SystemPackage

/// Packs chunks, for one thread.
package enum ChunkPacker {
    case lz4
    case zstd(Zstandard.Compressor)

    package init(_ compression: ChunkCompression, level: Int) throws {
        switch compression {
        case .lz4: self = .lz4
        case .zstd:
            guard let compressor = Zstandard.Compressor(level: level) else {
                throw PlatformError.call(.malloc, path: nil, .noMemory)
            }
            self = .zstd(compressor)
        }
    }

    /// Nil where that does not save a page. `pace` is for compressions without levels.
    package func pack(
        _ pages: UnsafeRawBufferPointer, into packed: UnsafeMutableRawBufferPointer, _ pace: Pace
    ) -> Int? {
        switch self {
        case .lz4: LZ4.compress(pages, into: packed, acceleration: pace.acceleration)
        case .zstd(let compressor): compressor.compress(pages, into: packed)
        }
    }
}

/// Unpacks chunks, for one thread.
package enum ChunkUnpacker {
    case lz4
    case zstd(Zstandard.Decompressor)

    package init(_ compression: ChunkCompression) throws {
        switch compression {
        case .lz4: self = .lz4
        case .zstd:
            guard let decompressor = Zstandard.Decompressor() else {
                throw PlatformError.call(.malloc, path: nil, .noMemory)
            }
            self = .zstd(decompressor)
        }
    }

    package func unpack(
        _ bytes: UnsafeRawBufferPointer, into pages: UnsafeMutableRawBufferPointer
    ) throws(DecompressionError) {
        switch self {
        case .lz4: try LZ4.decompress(bytes, into: pages)
        case .zstd(let decompressor): try decompressor.decompress(bytes, into: pages)
        }
    }
}
