// SPDX-License-Identifier: GPL-2.0-or-later

/// Page 1 of an image area: what the image is, how big, and where its sections are.
public struct ImageHeader: Hashable, Sendable {
    /// Features that a reader need not know.
    public var compatibleFeatures: UInt64 = 0
    public var compression: ChunkCompression
    public var id: ImageID
    /// When the machine was hibernated, in seconds since 1970-01-01 00:00 UTC.
    public var creationTime: UInt64
    /// What was in the area before, and is to be there again when the image has been used.
    public var originalSignature: Signature
    public var dataPages: UInt64 = 0
    public var zeroPages: UInt64 = 0
    public var chunkCount: UInt64 = 0
    /// In bytes, a multiple of 4096: where the last stored object ends.
    public var imageSize: UInt64 = ImageFormat.firstObject
    public var sections: [ImageSection] = []

    public init(
        id: ImageID, creationTime: UInt64, originalSignature: Signature,
        compression: ChunkCompression = .lz4
    ) {
        self.compression = compression
        self.id = id
        self.creationTime = creationTime
        self.originalSignature = originalSignature
    }
}
