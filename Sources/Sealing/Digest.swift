// SPDX-License-Identifier: GPL-2.0-or-later

internal import CSodium

/// BLAKE2b with 32 bytes (RFC 7693), with a key or without one. The corresponding C function is
/// `crypto_generichash`.
package struct Digest: Hashable, Sendable {
    package static let size = 32

    package let bytes: [UInt8]

    /// Nil unless there are ``size`` of them.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = Array(bytes)
    }

    package init(of bytes: [UInt8], key: SecretBytes? = nil) {
        let stream = Stream(key: key)
        stream.update(bytes)
        self = stream.value
    }

    /// Whether it is the same one, in a time that does not tell where they differ.
    package func isEqual(to other: Digest) -> Bool {
        sodium_memcmp(bytes, other.bytes, Self.size) == 0
    }

    /// Of bytes that come one part after the other. The corresponding C functions are
    /// `crypto_generichash_init`, `_update` and `_final`.
    package final class Stream {
        // 64 bytes of alignment, which sodium_malloc gives to a multiple of 64 (384).
        private let state: OpaquePointer

        package init(key: SecretBytes? = nil) {
            Sodium.start
            // It may hold a key.
            guard let memory = sodium_malloc(crypto_generichash_statebytes()) else {
                fatalError("no memory for a digest")
            }
            state = OpaquePointer(memory)
            if let key {
                key.withPointer {
                    _ = crypto_generichash_init(state, $0, key.count, Digest.size)
                }
            } else {
                crypto_generichash_init(state, nil, 0, Digest.size)
            }
        }

        deinit { sodium_free(UnsafeMutableRawPointer(state)) }

        package func update(_ bytes: UnsafeRawBufferPointer) {
            crypto_generichash_update(
                state, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                UInt64(bytes.count))
        }

        package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

        /// All that came; nothing more may come.
        package var value: Digest {
            var bytes = [UInt8](repeating: 0, count: Digest.size)
            crypto_generichash_final(state, &bytes, Digest.size)
            return Digest(bytes)!
        }
    }
}

/// Like a digest, and a secret itself.
package func derivedSecret(from key: SecretBytes, _ message: SecretBytes) -> SecretBytes {
    SecretBytes(count: Digest.size) { output in
        key.withPointer { key in
            message.withPointer { bytes in
                _ = crypto_generichash(
                    output.baseAddress!.assumingMemoryBound(to: UInt8.self), Digest.size, bytes,
                    UInt64(message.count), key, Digest.size)
            }
        }
    }
}
