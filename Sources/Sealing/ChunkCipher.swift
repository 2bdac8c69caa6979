// SPDX-License-Identifier: GPL-2.0-or-later

internal import CSodium

/// The two ways in which the data of an image may be encrypted and authenticated. The raw value is
/// the image format's.
package enum ChunkCipher: UInt32, CaseIterable, Hashable, Sendable {
    /// Where the CPU has instructions for it, as libsodium takes no others: it would be slow, and tell
    /// the key by the time that it takes.
    case aes256GCM = 1
    case xChaCha20Poly1305 = 2

    /// Whether this CPU can. The corresponding C function is `crypto_aead_aes256gcm_is_available`.
    package var isAvailable: Bool {
        Sodium.start
        return switch self {
        case .aes256GCM: crypto_aead_aes256gcm_is_available() == 1
        case .xChaCha20Poly1305: true
        }
    }

    /// The faster one that this CPU can do.
    package static var preferred: ChunkCipher {
        Self.aes256GCM.isAvailable ? .aes256GCM : .xChaCha20Poly1305
    }

    var nonceSize: Int {
        switch self {
        case .aes256GCM: Int(crypto_aead_aes256gcm_NPUBBYTES)
        case .xChaCha20Poly1305: Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
        }
    }
}

/// 16 bytes that say that a piece of data is what was written there.
package struct AuthenticationTag: Hashable, Sendable {
    package static let size = 16
    package static let none = AuthenticationTag(low: 0, high: 0)

    /// Bytes 0–7 and 8–15, little endian.
    package var low: UInt64
    package var high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// Encrypts and authenticates pieces of data in memory, each with a number of its own. Any thread may
/// use it.
package final class ChunkSealer: @unchecked Sendable {
    package let cipher: ChunkCipher
    private let key: SecretBytes
    // Unsafe memory: the key made ready for AES, as secret as the key, not changed once it is made.
    private let schedule: UnsafeMutablePointer<crypto_aead_aes256gcm_state>?

    /// - Parameters:
    ///   - cipher: one that is available.
    ///   - key: 32 bytes.
    package init(_ cipher: ChunkCipher, key: SecretBytes) {
        precondition(key.count == 32 && cipher.isAvailable)
        self.cipher = cipher
        self.key = key
        guard cipher == .aes256GCM else {
            schedule = nil
            return
        }
        let size = MemoryLayout<crypto_aead_aes256gcm_state>.stride
        guard let memory = sodium_malloc(size) else { fatalError("no memory for a key") }
        let state = memory.bindMemory(to: crypto_aead_aes256gcm_state.self, capacity: 1)
        key.withPointer { _ = crypto_aead_aes256gcm_beforenm(state, $0) }
        schedule = state
    }

    deinit { sodium_free(schedule) }

    /// Encrypts `bytes` where they are; at least one.
    ///
    /// - Parameters:
    ///   - number: used once with a key, and never again.
    ///   - context: what is authenticated as well, and stored elsewhere or nowhere.
    package func seal(
        _ bytes: UnsafeMutableRawBufferPointer, number: UInt64, context: [UInt8]
    ) -> AuthenticationTag {
        let data = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let count = UInt64(bytes.count)
        let nonce = nonce(number)
        var tag = [UInt8](repeating: 0, count: AuthenticationTag.size)
        if let schedule {
            crypto_aead_aes256gcm_encrypt_detached_afternm(
                data, &tag, nil, data, count, context, UInt64(context.count), nil, nonce, schedule)
        } else {
            key.withPointer {
                _ = crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
                    data, &tag, nil, data, count, context, UInt64(context.count), nil, nonce, $0)
            }
        }
        return AuthenticationTag(tag)
    }

    /// Decrypts `bytes` to `destination`, which has as many and may be the same memory. False where
    /// they are not what was sealed with this number and context: then nothing is there that means
    /// anything.
    package func open(
        _ bytes: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer,
        number: UInt64, context: [UInt8], tag: AuthenticationTag
    ) -> Bool {
        precondition(destination.count >= bytes.count)
        let source = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let target = destination.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let count = UInt64(bytes.count)
        let nonce = nonce(number)
        let result =
            if let schedule {
                crypto_aead_aes256gcm_decrypt_detached_afternm(
                    target, nil, source, count, tag.bytes, context, UInt64(context.count), nonce,
                    schedule)
            } else {
                key.withPointer {
                    crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
                        target, nil, source, count, tag.bytes, context, UInt64(context.count),
                        nonce, $0)
                }
            }
        return result == 0
    }

    /// The number, little endian, and zeroes.
    private func nonce(_ number: UInt64) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: cipher.nonceSize)
        for index in 0..<8 {
            nonce[index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
        }
        return nonce
    }
}

extension AuthenticationTag {
    fileprivate init(_ bytes: [UInt8]) {
        self.init(
            low: bytes[..<8].reversed().reduce(0) { $0 << 8 | UInt64($1) },
            high: bytes[8...].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    fileprivate var bytes: [UInt8] {
        [low, high].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
    }
}
