// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import SwapArea

/// A cursor over bytes of an image.
typealias ImageReader = ByteReader<ImageError>

/// A part of an image that can be damaged by itself.
package enum ImagePart: Hashable, Sendable {
    case header
    case state
    case section(SectionKind)
    /// By its index.
    case chunk(Int)
}

/// Why an image cannot be used. Offsets are bytes from the beginning of the image area.
package enum ImageError: Error, Hashable, TruncationError {
    // The bytes themselves.
    case truncated(offset: UInt64, needed: Int, available: Int)
    case magic(ImagePart, offset: UInt64, found: UInt64)
    case version(UInt32)
    case incompatibleFeatures(unknown: UInt64)
    case headerSize(UInt32)
    case checksum(ImagePart, offset: UInt64, expected: UInt64, found: UInt64)

    // What the image is.
    case unknownState(UInt32)
    case wrongState(found: ImageState)
    case differentIDs(header: ImageID, state: ImageID)
    case unexpectedID(expected: ImageID, found: ImageID)
    /// The area of a prepared image no longer has the signature that it had before.
    case signatureChanged(expected: Signature, found: Signature)

    /// The swap area has pages that are not to be used.
    case badPages(UInt32)

    // Where its parts are.
    case imageSize(UInt64, areaSize: UInt64)
    case tooManySections(UInt64)
    case sectionFlags(SectionKind, UInt32)
    case unknownSection(SectionKind)
    case duplicateSection(SectionKind)
    case missingSection(SectionKind)
    /// One that belongs to a complete image, in a prepared one.
    case unexpectedSection(SectionKind)
    case sectionSize(SectionKind, UInt64, limit: UInt64)
    case misaligned(ImagePart, offset: UInt64)
    case outsideImage(ImagePart, offset: UInt64, size: UInt64, imageSize: UInt64)
    case overlap(offset: UInt64, previousEnd: UInt64)

    // What they say.
    case trailingBytes(SectionKind, offset: UInt64)
    /// Not UTF-8, a control character in it, empty or too long.
    case text(SectionKind, offset: UInt64)
    case emptyMemoryRange(offset: UInt64)
    case frameRange(offset: UInt64, lower: UInt64, upper: UInt64)
    case unsortedInvariant(offset: UInt64)
    case runKind(offset: UInt64, found: UInt32)
    case pagingLevels(UInt32)

    // Whether they agree.
    case emptyRun(PageRun)
    case runBeyondLimit(PageRun)
    case overlappingRun(PageRun, previous: PageRun)
    case runOutsideMemory(PageRun)
    case runInSaverMemory(PageRun)
    case chunkPages(Int, UInt32)
    case chunkSize(Int, UInt32, pages: UInt32)
    /// Chunk `index` does not hold the pages that follow those of the one before it.
    case chunkOrder(Int, firstPage: UInt64, expected: UInt64)
    case dataPages(header: UInt64, runs: UInt64, chunks: UInt64)
    case zeroPages(header: UInt64, runs: UInt64)
    case chunkCount(header: UInt64, chunks: UInt64)
    case tooManyPages(UInt64)
    case saverRegion(FrameRange)
    case jumpBackEntry(PhysicalAddress)
    case messagePage(PhysicalAddress)
}

/// Why an image could not be read: it is damaged, or the device is.
package enum ImageReadError<DeviceError: Error>: Error {
    case image(ImageError)
    case device(DeviceError)
}
