// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Sealing

/// The file of the key that opens images: the secrets, wrapped by a passphrase or as they are.
package struct OpeningKeyFile: Hashable, Sendable {
    package static let size = 184

    private static let secretsSize = KeyPair.size + SealingKey.secretSize
    /// All that stands before the secrets, and is authenticated with them.
    private static let frontSize = 104

    package enum Wrapping: Hashable, Sendable {
        case none
        case passphrase(PassphraseCost, salt: [UInt8])

        fileprivate var number: UInt32 {
            switch self {
            case .none: 0
            case .passphrase: 1
            }
        }
    }

    package let wrapping: Wrapping
    package let publicKey: [UInt8]
    private let nonce: [UInt8]
    private let wrapped: [UInt8]

    package var needsPassphrase: Bool { wrapping != .none }

    package init(parsing bytes: [UInt8]) throws(KeyFileError) {
        var reader = KeyFileReader(bytes)
        guard try reader.u64() == KeyFileFormat.openingMagic else { throw .magic }
        let version = try reader.u32()
        guard version == KeyFileFormat.version else { throw .version(version) }
        guard bytes.count == Self.size else { throw .size(bytes.count, expected: Self.size) }
        let number = try reader.u32()
        let cost = PassphraseCost(passes: try reader.u64(), memory: try reader.u64())
        let salt = Array(try reader.bytes(SecretBytes.saltSize))
        nonce = Array(try reader.bytes(WrappedSecret.nonceSize))
        publicKey = Array(try reader.bytes(KeyPair.size))
        wrapped = Array(try reader.bytes(reader.remaining))
        switch number {
        case 0: wrapping = .none
        case 1:
            guard cost.isAllowed else { throw .cost(passes: cost.passes, memory: cost.memory) }
            wrapping = .passphrase(cost, salt: salt)
        default: throw .wrapping(number)
        }
        // Without a passphrase it can be looked at now.
        if wrapping == .none {
            guard front.elementsEqual(bytes[..<Self.frontSize]), try open(by: Self.noKey) != nil
            else {
                throw .changed
            }
        }
    }

    /// - Parameter passphrase: nil where none is to protect it.
    package init(
        _ key: OpeningKey, passphrase: SecretBytes?, cost: PassphraseCost = .normal
    ) throws(KeyFileError) {
        try self.init(
            key, passphrase: passphrase, cost: cost, salt: randomBytes(SecretBytes.saltSize),
            nonce: randomBytes(WrappedSecret.nonceSize))
    }

    /// The same file for the same numbers.
    init(
        _ key: OpeningKey, passphrase: SecretBytes?, cost: PassphraseCost, salt: [UInt8],
        nonce: [UInt8]
    ) throws(KeyFileError) {
        let wrapping = passphrase == nil ? Wrapping.none : .passphrase(cost, salt: salt)
        let wrapper = try Self.wrapper(wrapping, passphrase)
        self.wrapping = wrapping
        self.nonce = nonce
        publicKey = key.pair.publicKey
        let secrets = SecretBytes(count: Self.secretsSize) { memory in
            key.pair.secretKey.withBytes { memory.copyMemory(from: $0) }
            key.machineSecret.withBytes {
                UnsafeMutableRawBufferPointer(rebasing: memory[KeyPair.size...])
                    .copyMemory(from: $0)
            }
        }
        wrapped = WrappedSecret.wrap(
            secrets, by: wrapper, nonce: nonce,
            context: Self.front(wrapping, nonce: nonce, publicKey: publicKey))
    }

    package var serialised: [UInt8] { front + wrapped }

    /// Nil where the passphrase is another one, or the file was changed: nobody can tell which.
    ///
    /// - Parameter passphrase: nil where it needs none.
    package func key(passphrase: SecretBytes? = nil) throws(KeyFileError) -> OpeningKey? {
        try open(by: Self.wrapper(wrapping, passphrase))
    }

    private func open(by wrapper: SecretBytes) throws(KeyFileError) -> OpeningKey? {
        let secrets = WrappedSecret.unwrap(wrapped, by: wrapper, nonce: nonce, context: front)
        guard let secrets else { return nil }
        guard let pair = KeyPair(secretKey: secrets.part(0..<KeyPair.size)),
            pair.publicKey == publicKey
        else { throw .otherKey }
        return OpeningKey(
            pair: pair, machineSecret: secrets.part(KeyPair.size..<Self.secretsSize))
    }

    /// Stands for a passphrase where there is none: the tag is a checksum then.
    private static var noKey: SecretBytes { SecretBytes(count: 32) { _ in } }

    private static func wrapper(
        _ wrapping: Wrapping, _ passphrase: SecretBytes?
    ) throws(KeyFileError) -> SecretBytes {
        guard case .passphrase(let cost, let salt) = wrapping else { return noKey }
        let passphrase = passphrase ?? SecretBytes([])
        guard let key = SecretBytes.key(from: passphrase, salt: salt, cost: cost) else {
            throw .noMemory(cost.memory)
        }
        return key
    }

    private var front: [UInt8] { Self.front(wrapping, nonce: nonce, publicKey: publicKey) }

    private static func front(
        _ wrapping: Wrapping, nonce: [UInt8], publicKey: [UInt8]
    ) -> [UInt8] {
        var cost = PassphraseCost(passes: 0, memory: 0)
        var salt = [UInt8](repeating: 0, count: SecretBytes.saltSize)
        if case .passphrase(let used, let stored) = wrapping { (cost, salt) = (used, stored) }
        var writer = ByteWriter(capacity: frontSize)
        writer.append(KeyFileFormat.openingMagic)
        writer.append(KeyFileFormat.version)
        writer.append(wrapping.number)
        writer.append(cost.passes)
        writer.append(cost.memory)
        writer.append(salt)
        writer.append(nonce)
        writer.append(publicKey)
        return writer.bytes
    }
}
