// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import Sealing
import SwapArea

/// Bytes to be written to an image area: a multiple of 4096 of them, at a multiple of 4096.
package struct ImageWrite: Hashable, Sendable {
    /// In bytes from the beginning of the image area.
    package var offset: UInt64
    package var bytes: [UInt8]
}

extension ImageWrite {
    /// Some bytes, with what makes them whole pages.
    init(offset: UInt64, padding bytes: [UInt8]) {
        var writer = ByteWriter(capacity: Int(ImageFormat.padded(UInt64(bytes.count))))
        writer.append(bytes)
        writer.padToPage()
        self.init(offset: offset, bytes: writer.bytes)
    }
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
        let offset = imageSize
        let digest = isSealed && kind != .seal ? Digest(of: bytes) : nil
        try append(
            kind, size: UInt64(bytes.count), checksum: XXH64.hash(bytes), digest: digest)
        return ImageWrite(offset: offset, padding: bytes)
    }

    mutating func append(
        _ kind: SectionKind, size: UInt64, checksum: UInt64, digest: Digest?
    ) throws(ImageError) {
        guard size <= kind.sizeLimit else {
            throw .sectionSize(kind, size, limit: kind.sizeLimit)
        }
        var section = ImageSection(
            kind: kind, isRequired: kind.isRequired, offset: imageSize, size: size,
            checksum: checksum)
        section.digest = digest
        sections.append(section)
        imageSize += ImageFormat.padded(size)
    }
}
