// SPDX-License-Identifier: GPL-2.0-or-later

internal import CSodium

/// X25519 (RFC 7748): who knows the public half can seal what only the secret half opens.
package struct KeyPair: Sendable {
    /// Of either half, in bytes.
    package static let size = 32
    /// What sealing adds, in bytes.
    package static let sealedExtra = 48

    package let publicKey: [UInt8]
    package let secretKey: SecretBytes

    /// A new one. The corresponding C function is `crypto_box_keypair`.
    package static func random() -> KeyPair {
        // Unlike any other secret there is none that makes no key pair.
        KeyPair(secretKey: .random(count: size))!
    }

    /// The corresponding C function is `crypto_scalarmult_base`.
    package init?(secretKey: SecretBytes) {
        guard secretKey.count == Self.size else { return nil }
        var publicKey = [UInt8](repeating: 0, count: Self.size)
        guard secretKey.withPointer({ crypto_scalarmult_base(&publicKey, $0) }) == 0 else {
            return nil
        }
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// For the holder of the secret half; by whom, nobody can tell. The corresponding C function is
    /// `crypto_box_seal`.
    ///
    /// - Parameter publicKey: ``size`` bytes. Nil where no secret belongs to it.
    package static func seal(_ secret: SecretBytes, to publicKey: [UInt8]) -> [UInt8]? {
        precondition(publicKey.count == size)
        Sodium.start
        var sealed = [UInt8](repeating: 0, count: secret.count + sealedExtra)
        let result = secret.withPointer {
            crypto_box_seal(&sealed, $0, UInt64(secret.count), publicKey)
        }
        return result == 0 ? sealed : nil
    }

    /// Nil where it was not sealed for this pair, or was changed. The corresponding C function is
    /// `crypto_box_seal_open`.
    package func open(_ sealed: [UInt8]) -> SecretBytes? {
        guard sealed.count > Self.sealedExtra else { return nil }
        var result: CInt = -1
        let secret = SecretBytes(count: sealed.count - Self.sealedExtra) { memory in
            result = secretKey.withPointer {
                crypto_box_seal_open(
                    memory.baseAddress!.assumingMemoryBound(to: UInt8.self), sealed,
                    UInt64(sealed.count), publicKey, $0)
            }
        }
        return result == 0 ? secret : nil
    }
}
