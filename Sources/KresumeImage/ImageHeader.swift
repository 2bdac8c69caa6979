// SPDX-License-Identifier: GPL-2.0-or-later

import SwapArea

/// Page 1 of an image area: what the image is, how big, and where its sections are.
package struct ImageHeader: Hashable, Sendable {
    /// Features that a reader need not know.
    package var compatibleFeatures: UInt64 = 0
    package var compression: ChunkCompression
    /// The image has what lay beside ACPI's tables, too, as the original kernel had it.
    package var hasACPIData = false
    package var id: ImageID
    /// When the machine was hibernated, in seconds since 1970-01-01 00:00 UTC.
    package var creationTime: UInt64
    /// What was in the area before, and is to be there again when the image has been used.
    package var originalSignature: Signature
    package var dataPages: UInt64 = 0
    package var zeroPages: UInt64 = 0
    package var chunkCount: UInt64 = 0
    /// In bytes, a multiple of 4096: where the last stored object ends.
    package var imageSize: UInt64 = ImageFormat.firstObject
    package var sections: [ImageSection] = []

    package init(
        id: ImageID, creationTime: UInt64, originalSignature: Signature,
        compression: ChunkCompression = .lz4
    ) {
        self.compression = compression
        self.id = id
        self.creationTime = creationTime
        self.originalSignature = originalSignature
    }
}
