// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import SwapArea

/// Bytes to be written to an image area: a multiple of 4096 of them, at a multiple of 4096.
package struct ImageWrite: Hashable, Sendable {
    /// In bytes from the beginning of the image area.
    package var offset: UInt64
    package var bytes: [UInt8]
}

extension SignaturePage {
    /// What is to be written.
    package var write: ImageWrite { ImageWrite(offset: 0, bytes: bytes) }
}

extension ImageHeader {
    /// What erases header and state record once the signature is the original one again.
    package static var erasure: ImageWrite {
        let size = Int(ImageFormat.firstObject - ImageFormat.headerOffset)
        return ImageWrite(
            offset: ImageFormat.headerOffset, bytes: [UInt8](repeating: 0, count: size))
    }

    /// Places a section at the image's end, and returns what is to be written there.
    mutating func append(_ kind: SectionKind, _ bytes: [UInt8]) throws(ImageError) -> ImageWrite {
        let size = UInt64(bytes.count)
        guard size <= kind.sizeLimit else {
            throw .sectionSize(kind, size, limit: kind.sizeLimit)
        }
        sections.append(
            ImageSection(
                kind: kind, isRequired: true, offset: imageSize, size: size,
                checksum: XXH64.hash(bytes)))
        var writer = ByteWriter(capacity: Int(ImageFormat.padded(size)))
        writer.append(bytes)
        writer.padToPage()
        defer { imageSize += ImageFormat.padded(size) }
        return ImageWrite(offset: imageSize, bytes: writer.bytes)
    }
}
