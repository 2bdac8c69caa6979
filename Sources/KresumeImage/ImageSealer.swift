// SPDX-License-Identifier: GPL-2.0-or-later

import Sealing

/// What the saver kernel must know to seal an image. The original kernel says it in its memory, for
/// what is on a disk may be changed by others.
package struct SealOrders: Hashable, Sendable {
    package var publicKey: [UInt8]
    /// Shows that the image is of the machine that it says it is of.
    package var token: [UInt8]
    /// Random bytes of the original kernel's: a saver kernel has just started, and may have few.
    package var seed: [UInt8]
    /// The memory that a restore kernel needs to make a key of a passphrase, while it loads the image;
    /// in bytes.
    package var unlocking: UInt64

    /// Nil unless the first three have 32 bytes.
    package init?(publicKey: [UInt8], token: [UInt8], seed: [UInt8], unlocking: UInt64) {
        guard publicKey.count == KeyPair.size, token.count == Digest.size, seed.count == 32 else {
            return nil
        }
        self.publicKey = publicKey
        self.token = token
        self.seed = seed
        self.unlocking = unlocking
    }
}

extension PreparedImage {
    /// Nil for an image that is not to be sealed, and for one that was read.
    package func sealOrders(_ key: SealingKey, unlocking: UInt64 = 0) -> SealOrders? {
        guard header.isSealed, case let jump = machine.jump.serialised(),
            let token = header.token(jump: Digest(of: jump), machineSecret: key.machineSecret)
        else { return nil }
        return SealOrders(
            publicKey: key.publicKey, token: token.bytes, seed: randomBytes(32),
            unlocking: unlocking)
    }
}

/// Encrypts an image's chunks and authenticates the rest, with a key that is made for this image.
package final class ImageSealer: Sendable {
    package let id: ImageID
    /// See ``SealOrders/unlocking``.
    package let unlocking: UInt64
    private let publicKey: [UInt8]
    private let sealedKey: [UInt8]
    private let secrets: ImageSecrets

    /// Makes the key.
    package convenience init(_ orders: SealOrders, id: ImageID) throws(ImageError) {
        let imageKey = derivedSecret(from: .random(count: 32), SecretBytes(orders.seed))
        try self.init(orders, id: id, imageKey: imageKey, cipher: .preferred)
    }

    init(
        _ orders: SealOrders, id: ImageID, imageKey: SecretBytes, cipher: ChunkCipher
    ) throws(ImageError) {
        guard let token = Digest(orders.token),
            let sealed = KeyPair.seal(imageKey, to: orders.publicKey)
        else { throw .publicKey }
        self.id = id
        unlocking = orders.unlocking
        publicKey = orders.publicKey
        sealedKey = sealed
        secrets = ImageSecrets(imageKey: imageKey, token: token, cipher: cipher)
    }

    /// Encrypts a chunk's stored bytes where they are.
    ///
    /// - Parameter chunk: its place, size and number of pages count. No other chunk of the image was
    ///   there.
    package func seal(_ bytes: UnsafeMutableRawBufferPointer, _ chunk: Chunk) -> AuthenticationTag {
        secrets.chunks.seal(
            bytes, number: chunk.offset, context: SealMessage.chunk(id, chunk))
    }

    /// Appends the section that completes a header. All others are there.
    func append(to header: inout ImageHeader) throws(ImageError) -> ImageWrite {
        let front = ImageSeal.front(
            secrets.chunks.cipher, publicKey: publicKey, sealedKey: sealedKey)
        var draft = header
        try draft.append(
            .seal, size: UInt64(front.count + Digest.size), checksum: 0, digest: nil)
        let page = draft.authenticatedPage(try draft.write().bytes)
        guard let digests = draft.sectionDigests() else { throw .notAuthentic }
        let message = SealMessage.image(headerPage: page, sections: digests, seal: front)
        let authenticator = Digest(of: message, key: secrets.authenticationKey)
        return try header.append(.seal, front + authenticator.bytes)
    }
}
