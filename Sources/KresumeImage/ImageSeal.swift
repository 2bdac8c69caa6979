// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Sealing

/// How a sealed image is opened, and what shows that it is whole.
package struct ImageSeal: Hashable, Sendable {
    package var cipher: ChunkCipher
    /// Whose secret key opens it.
    package var publicKey: [UInt8]
    var sealedKey: [UInt8]
    /// All that stands before the authenticator, as it was stored.
    var authenticated: [UInt8]
    var authenticator: Digest

    static let keySize = 32
    static let sealedKeySize = keySize + KeyPair.sealedExtra
    static let authenticatedSize = 8 + KeyPair.size + sealedKeySize
}

extension ImageSeal {
    init(parsing reader: inout ImageReader) throws(ImageError) {
        authenticated = Array(try reader.bytes(Self.authenticatedSize))
        var front = ImageReader(authenticated, at: reader.offset)
        let number = try front.u32()
        guard let cipher = ChunkCipher(rawValue: number) else { throw .cipher(number) }
        self.cipher = cipher
        try front.skip(4)
        publicKey = Array(try front.bytes(KeyPair.size))
        sealedKey = Array(try front.bytes(Self.sealedKeySize))
        let offset = reader.offset
        guard let digest = Digest(try reader.bytes(Digest.size)) else {
            throw .truncated(offset: offset, needed: Digest.size, available: 0)
        }
        authenticator = digest
    }

    /// What stands before the authenticator.
    static func front(_ cipher: ChunkCipher, publicKey: [UInt8], sealedKey: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: authenticatedSize)
        writer.append(cipher.rawValue)
        writer.append(UInt32(0))
        writer.append(publicKey)
        writer.append(sealedKey)
        return writer.bytes
    }
}

/// The messages that are digested. Source: docs/image-format.md, Sealed images.
enum SealMessage {
    /// 16 bytes.
    static func label(_ text: StaticString) -> [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.append(text.withUTF8Buffer { Array($0) })
        writer.pad(to: 16)
        return writer.bytes
    }

    /// Of A's sections; of the jump section with zeroes for its first 8 bytes.
    static func token(
        _ id: ImageID, system: Digest, memoryMap: Digest, invariants: Digest, jump: Digest
    ) -> [UInt8] {
        label("kresume token 1") + id.bytes + system.bytes + memoryMap.bytes + invariants.bytes
            + jump.bytes
    }

    /// - Parameters:
    ///   - headerPage: with zeroes for its checksum, and for that of the seal's entry.
    ///   - sections: in the order of the table, but the seal's.
    static func image(headerPage: [UInt8], sections: [Digest], seal: [UInt8]) -> [UInt8] {
        label("kresume image 1") + headerPage + sections.flatMap(\.bytes) + seal
    }

    /// What is authenticated with a chunk.
    static func chunk(_ id: ImageID, _ chunk: Chunk) -> [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.append(id.bytes)
        writer.append(chunk.offset)
        writer.append(chunk.size)
        writer.append(chunk.pageCount)
        return writer.bytes
    }
}

extension ImageID {
    /// In their order.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.append(low)
        writer.append(high)
        return writer.bytes
    }
}

/// What follows from an image's key.
struct ImageSecrets: Sendable {
    let chunks: ChunkSealer
    let authenticationKey: SecretBytes

    init(imageKey: SecretBytes, token: Digest, cipher: ChunkCipher) {
        chunks = ChunkSealer(
            cipher,
            key: derivedSecret(
                from: imageKey, SecretBytes(SealMessage.label("kresume chunks 1"))))
        authenticationKey = derivedSecret(
            from: imageKey, SecretBytes(SealMessage.label("kresume authen 1") + token.bytes))
    }
}

extension ImageHeader {
    /// As it is authenticated. `page` is the header's.
    func authenticatedPage(_ page: [UInt8]) -> [UInt8] {
        var page = page
        let zeroes = [UInt8](repeating: 0, count: 8)
        page.replaceSubrange(ImageFormat.headerChecksumOffset..., with: zeroes)
        if let index = sections.firstIndex(where: { $0.kind == .seal }) {
            let table = Int(page.span.bytes.u32(at: 12))
            let entry = table + index * ImageFormat.sectionEntrySize
            page.replaceSubrange(entry + 24..<entry + 32, with: zeroes)
        }
        return page
    }

    /// Nil where one is not known yet.
    func sectionDigests() -> [Digest]? {
        let digests = sections.filter { $0.kind != .seal }.map(\.digest)
        return digests.contains(nil) ? nil : digests.compactMap { $0 }
    }

    fileprivate func digest(of kind: SectionKind) -> Digest? {
        sections.first { $0.kind == kind }?.digest
    }

    /// See `SealMessage.token`. `jump` is the digest of that section with zeroes for its first bytes.
    func token(jump: Digest, machineSecret: SecretBytes) -> Digest? {
        guard let system = digest(of: .system), let map = digest(of: .memoryMap),
            let invariants = digest(of: .invariants)
        else { return nil }
        let message = SealMessage.token(
            id, system: system, memoryMap: map, invariants: invariants, jump: jump)
        return Digest(of: message, key: machineSecret)
    }
}
