// SPDX-License-Identifier: GPL-2.0-or-later

internal import CSodium

/// What it takes to make a key of a passphrase: Argon2id, version 1.3 (RFC 9106), one lane.
package struct PassphraseCost: Hashable, Sendable {
    /// How often all of the memory is gone through.
    package var passes: UInt64
    /// In bytes.
    package var memory: UInt64

    package init(passes: UInt64, memory: UInt64) {
        self.passes = passes
        self.memory = memory
    }

    /// What is read may ask for no more, nor for so little that it is no use.
    ///
    /// A restore kernel keeps as much memory free as the upper one: the image's own memory is pinned
    /// by the time that the passphrase is typed.
    package static let memoryLimits: ClosedRange<UInt64> = (8 << 20)...(64 << 20)
    package static let passLimits: ClosedRange<UInt64> = 1...64

    /// For new keys: all the memory there may be, and about half a second of one CPU.
    package static let normal = PassphraseCost(passes: 6, memory: memoryLimits.upperBound)

    package var isAllowed: Bool {
        Self.passLimits.contains(passes) && Self.memoryLimits.contains(memory)
            && memory.isMultiple(of: 1024)
    }
}

extension SecretBytes {
    package static let saltSize = Int(crypto_pwhash_argon2id_SALTBYTES)

    /// The 32 bytes that a passphrase stands for; nil where there is no memory for it. The
    /// corresponding C function is `crypto_pwhash_argon2id`.
    ///
    /// - Parameters:
    ///   - salt: ``saltSize`` bytes.
    ///   - cost: one that is allowed.
    package static func key(
        from passphrase: SecretBytes, salt: [UInt8], cost: PassphraseCost
    ) -> SecretBytes? {
        precondition(salt.count == saltSize && cost.isAllowed)
        var result: CInt = -1
        let key = SecretBytes(count: 32) { memory in
            result = passphrase.withPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self, capacity: passphrase.count) {
                    crypto_pwhash_argon2id(
                        memory.baseAddress!.assumingMemoryBound(to: UInt8.self), 32, $0,
                        UInt64(passphrase.count), salt, cost.passes, Int(cost.memory),
                        crypto_pwhash_argon2id_ALG_ARGON2ID13)
                }
            }
        }
        return result == 0 ? key : nil
    }
}

/// A secret that another one opens: XChaCha20-Poly1305, whose nonce may be random.
package enum WrappedSecret {
    package static let nonceSize = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
    /// What wrapping adds, in bytes.
    package static let extra = Int(crypto_aead_xchacha20poly1305_ietf_ABYTES)

    /// The corresponding C function is `crypto_aead_xchacha20poly1305_ietf_encrypt`.
    ///
    /// - Parameter context: what is authenticated as well.
    package static func wrap(
        _ secret: SecretBytes, by key: SecretBytes, nonce: [UInt8], context: [UInt8]
    ) -> [UInt8] {
        precondition(key.count == 32 && nonce.count == nonceSize)
        var wrapped = [UInt8](repeating: 0, count: secret.count + extra)
        key.withPointer { key in
            secret.withPointer {
                _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                    &wrapped, nil, $0, UInt64(secret.count), context, UInt64(context.count), nil,
                    nonce, key)
            }
        }
        return wrapped
    }

    /// Nil where it is another key, or something was changed. The corresponding C function is
    /// `crypto_aead_xchacha20poly1305_ietf_decrypt`.
    package static func unwrap(
        _ wrapped: [UInt8], by key: SecretBytes, nonce: [UInt8], context: [UInt8]
    ) -> SecretBytes? {
        precondition(key.count == 32 && nonce.count == nonceSize)
        guard wrapped.count > extra else { return nil }
        var result: CInt = -1
        let secret = SecretBytes(count: wrapped.count - extra) { memory in
            result = key.withPointer {
                crypto_aead_xchacha20poly1305_ietf_decrypt(
                    memory.baseAddress!.assumingMemoryBound(to: UInt8.self), nil, nil, wrapped,
                    UInt64(wrapped.count), context, UInt64(context.count), nonce, $0)
            }
        }
        return result == 0 ? secret : nil
    }
}
