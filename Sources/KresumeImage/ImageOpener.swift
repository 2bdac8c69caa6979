// SPDX-License-Identifier: GPL-2.0-or-later

import Sealing

/// What of a sealed image is needed to see whether it is what was written, beside what it says.
struct SealEvidence: Hashable, Sendable {
    var seal: ImageSeal
    /// See ``ImageHeader/authenticatedPage(_:)``.
    var headerPage: [UInt8]
    /// Of the jump section as A has written it.
    var jumpDigest: Digest
}

/// The key of one sealed image, of which everything but the chunks has been found to be what was
/// written.
package final class ImageOpener: Sendable {
    private let id: ImageID
    private let secrets: ImageSecrets

    fileprivate init(_ id: ImageID, _ secrets: ImageSecrets) {
        self.id = id
        self.secrets = secrets
    }

    /// Decrypts a chunk's stored bytes. `destination` has at least as many, and may be the same
    /// memory.
    package func open(
        _ stored: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer,
        _ chunk: Chunk, index: Int
    ) throws(ImageError) {
        guard
            secrets.chunks.open(
                stored, into: destination, number: chunk.offset,
                context: SealMessage.chunk(id, chunk), tag: chunk.tag)
        else { throw .chunkNotAuthentic(index, offset: chunk.offset) }
    }
}

extension HibernationImage {
    /// The public key that it is sealed to; nil for a plain image.
    package var seal: ImageSeal? { evidence?.seal }

    /// Opens a sealed image: throws where it is sealed to another key, or anything of it but the chunks
    /// is not what was written. Nil for a plain image.
    package func open(with key: OpeningKey) throws(ImageError) -> ImageOpener? {
        guard let evidence else { return nil }
        let seal = evidence.seal
        guard seal.publicKey == key.pair.publicKey else { throw .otherKey }
        guard seal.cipher.isAvailable else { throw .cipherUnavailable }
        guard let imageKey = key.pair.open(seal.sealedKey), imageKey.count == ImageSeal.keySize,
            let token = header.token(jump: evidence.jumpDigest, machineSecret: key.machineSecret),
            let digests = header.sectionDigests()
        else { throw .notAuthentic }
        let secrets = ImageSecrets(imageKey: imageKey, token: token, cipher: seal.cipher)
        let message = SealMessage.image(
            headerPage: evidence.headerPage, sections: digests, seal: seal.authenticated)
        let found = Digest(of: message, key: secrets.authenticationKey)
        guard found.isEqual(to: seal.authenticator) else { throw .notAuthentic }
        return ImageOpener(header.id, secrets)
    }
}
