// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// Constants of the image format, version 1. Source: docs/image-format.md.
enum ImageFormat {
    static let pageSize = 4096
    static let headerOffset: UInt64 = 4096
    static let stateOffset: UInt64 = 8192
    /// Sections and chunks begin here.
    static let firstObject: UInt64 = 12288

    static let version: UInt32 = 1
    static let acpiDataFeature: UInt64 = 1 << 1
    static let sealFeature: UInt64 = 1 << 2
    static let layoutFeature: UInt64 = 1 << 3
    static let devicesFeature: UInt64 = 1 << 4
    static let knownIncompatibleFeatures =
        ChunkCompression.zstd.feature | acpiDataFeature | sealFeature | layoutFeature
        | devicesFeature
    static let headerSize = 128
    static let headerChecksumOffset = 4088
    static let sectionEntrySize = 32
    static let sectionLimit = 64
    /// Data pages, and zero pages, in one image.
    static let pageLimit: UInt64 = 1 << 36
    /// In bytes. Sums of places inside an image do not overflow.
    static let imageSizeLimit: UInt64 = 1 << 62
    static let chunkPageLimit: UInt32 = 256

    /// "kresume\n" and "kr-state", read as little-endian numbers.
    static let headerMagic: UInt64 = 0x0a65_6d75_7365_726b
    static let stateMagic: UInt64 = 0x6574_6174_732d_726b
    /// "krmember".
    static let memberMagic: UInt64 = 0x7265_626d_656d_726b

    /// What a stored object occupies. Requires `size` to be below 2^63.
    static func padded(_ size: UInt64) -> UInt64 { size.roundedUp(to: UInt64(pageSize)) }
}

extension ByteWriter {
    mutating func padToPage() { pad(to: Int(ImageFormat.padded(UInt64(bytes.count)))) }
}
