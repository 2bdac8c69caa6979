// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea

/// Page 1 of an image area: what the image is, how big, and where its sections are.
package struct ImageHeader: Hashable, Sendable {
    /// Features that a reader need not know.
    package var compatibleFeatures: UInt64 = 0
    package var compression: ChunkCompression
    /// The image has what lay beside ACPI's tables, too, as the original kernel had it.
    package var hasACPIData = false
    /// The chunks are encrypted, and everything but the state is authenticated.
    package var isSealed = false
    /// The area is where its layout section says, not in consecutive bytes of the device.
    package var hasLayout = false
    /// The area is on more than one, as its layout section says.
    package var isOnSeveralDevices = false
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

    /// In bytes: signature page, header and state record.
    package static let frontSize = ImageFormat.firstObject

    /// As the table's size says; 0 where there is none.
    package var runCount: UInt64 {
        let table = sections.first { $0.kind == .runs }
        return (table?.size ?? 0) / UInt64(PageRun.storedSize)
    }

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
