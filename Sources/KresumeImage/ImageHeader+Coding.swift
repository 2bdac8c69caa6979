// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import SwapArea

extension ImageHeader {
    /// Reads page 1 of an image area. What the sections' places are worth is not checked here.
    package init(parsing page: [UInt8]) throws(ImageError) {
        guard page.count == ImageFormat.pageSize else {
            throw .truncated(
                offset: ImageFormat.headerOffset, needed: ImageFormat.pageSize,
                available: page.count)
        }
        var reader = ImageReader(page, at: ImageFormat.headerOffset)
        let magic = try reader.u64()
        guard magic == ImageFormat.headerMagic else {
            throw .magic(.header, offset: ImageFormat.headerOffset, found: magic)
        }
        // Before the checksum: another version may have it elsewhere.
        let version = try reader.u32()
        guard version == ImageFormat.version else { throw .version(version) }
        try Self.check(page)

        let headerSize = try reader.u32()
        let features = try reader.u64()
        let unknown = features & ~ImageFormat.knownIncompatibleFeatures
        if unknown != 0 { throw .incompatibleFeatures(unknown: unknown) }
        let compatibleFeatures = try reader.u64()
        let id = ImageID(low: try reader.u64(), high: try reader.u64())
        let creationTime = try reader.u64()
        let originalSignature = Signature(try reader.bytes(Signature.size))
        self.init(
            id: id, creationTime: creationTime, originalSignature: originalSignature,
            compression: ChunkCompression(features: features))
        self.compatibleFeatures = compatibleFeatures
        hasACPIData = features & ImageFormat.acpiDataFeature != 0
        isSealed = features & ImageFormat.sealFeature != 0
        hasLayout = features & ImageFormat.layoutFeature != 0
        isOnSeveralDevices = features & ImageFormat.devicesFeature != 0
        try reader.skip(2)
        let count = try reader.u32()
        dataPages = try reader.u64()
        zeroPages = try reader.u64()
        chunkCount = try reader.u64()
        imageSize = try reader.u64()

        guard count <= ImageFormat.sectionLimit else { throw .tooManySections(UInt64(count)) }
        let tableSize = Int(count) * ImageFormat.sectionEntrySize
        guard headerSize >= ImageFormat.headerSize, headerSize.isMultiple(of: 8),
            headerSize <= ImageFormat.headerChecksumOffset - tableSize
        else { throw .headerSize(headerSize) }
        try reader.skip(Int(headerSize) - (page.count - reader.remaining))
        for _ in 0..<count { sections.append(try ImageSection(parsing: &reader)) }
    }

    /// What is to be written.
    package func write() throws(ImageError) -> ImageWrite {
        guard sections.count <= ImageFormat.sectionLimit else {
            throw .tooManySections(UInt64(sections.count))
        }
        var writer = ByteWriter(capacity: ImageFormat.pageSize)
        writer.append(ImageFormat.headerMagic)
        writer.append(ImageFormat.version)
        writer.append(UInt32(ImageFormat.headerSize))
        writer.append(
            compression.feature | (hasACPIData ? ImageFormat.acpiDataFeature : 0)
                | (isSealed ? ImageFormat.sealFeature : 0)
                | (hasLayout ? ImageFormat.layoutFeature : 0)
                | (isOnSeveralDevices ? ImageFormat.devicesFeature : 0))
        writer.append(compatibleFeatures)
        writer.append(id.low)
        writer.append(id.high)
        writer.append(creationTime)
        writer.append(originalSignature.bytes)
        writer.append(UInt16(0))
        writer.append(UInt32(sections.count))
        writer.append(dataPages)
        writer.append(zeroPages)
        writer.append(chunkCount)
        writer.append(imageSize)
        writer.pad(to: ImageFormat.headerSize)
        for section in sections { section.append(to: &writer) }
        writer.pad(to: ImageFormat.headerChecksumOffset)
        writer.append(XXH64.hash(writer.bytes))
        return ImageWrite(offset: ImageFormat.headerOffset, bytes: writer.bytes)
    }

    private static func check(_ page: [UInt8]) throws(ImageError) {
        var tail = ImageReader(page, at: ImageFormat.headerOffset)
        try tail.skip(ImageFormat.headerChecksumOffset)
        let expected = try tail.u64()
        let found = XXH64.hash(page.prefix(ImageFormat.headerChecksumOffset))
        guard found == expected else {
            throw .checksum(
                .header, offset: ImageFormat.headerOffset, expected: expected, found: found)
        }
    }
}
