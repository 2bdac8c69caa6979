// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

@testable import Sealing

private func opened(
    _ sealer: ChunkSealer, _ stored: [UInt8], number: UInt64 = 7, context: [UInt8] = [1, 2, 3],
    tag: AuthenticationTag
) -> [UInt8]? {
    var bytes = stored
    let isGood = bytes.withUnsafeMutableBytes { memory in
        sealer.open(
            UnsafeRawBufferPointer(memory), into: memory, number: number, context: context,
            tag: tag)
    }
    return isGood ? bytes : nil
}

@Suite struct SealingTests {
    /// As other software has it: RFC 7693, appendix A, for 64 bytes, is not what is used here; these are
    /// Python's hashlib's.
    @Test func digests() {
        func text(_ digest: Digest) -> String {
            digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(
            text(Digest(of: Array("abc".utf8)))
                == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
        #expect(
            text(Digest(of: Array("abc".utf8), key: SecretBytes(0..<32)))
                == "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f")
        let stream = Digest.Stream()
        for byte in "abc".utf8 { stream.update([byte]) }
        stream.update([])
        #expect(stream.value == Digest(of: Array("abc".utf8)))
    }

    @Test(arguments: ChunkCipher.allCases) func everythingCounts(cipher: ChunkCipher) {
        let sealer = ChunkSealer(cipher, key: SecretBytes(0..<32))
        let plain = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        var stored = plain
        let tag = stored.withUnsafeMutableBytes { sealer.seal($0, number: 7, context: [1, 2, 3]) }
        #expect(stored != plain && opened(sealer, stored, tag: tag) == plain)

        for index in stored.indices {
            var changed = stored
            changed[index] ^= 1
            #expect(opened(sealer, changed, tag: tag) == nil)
        }
        #expect(opened(sealer, stored.dropLast(), tag: tag) == nil)
        #expect(opened(sealer, stored, number: 8, tag: tag) == nil)
        #expect(opened(sealer, stored, number: 7 | 1 << 63, tag: tag) == nil)
        #expect(opened(sealer, stored, context: [1, 2], tag: tag) == nil)
        for bit in 0..<64 as Range<UInt64> {
            var changed = tag
            changed.low ^= 1 << bit
            #expect(opened(sealer, stored, tag: changed) == nil)
            changed = tag
            changed.high ^= 1 << bit
            #expect(opened(sealer, stored, tag: changed) == nil)
        }
        let other = ChunkSealer(cipher, key: SecretBytes(1..<33))
        #expect(opened(other, stored, tag: tag) == nil)
    }

    @Test func sealedToOneIsNotForAnother() {
        let pair = KeyPair.random()
        let secret = SecretBytes(1..<33)
        let sealed = KeyPair.seal(secret, to: pair.publicKey) ?? []
        #expect(sealed.count == 32 + KeyPair.sealedExtra)
        #expect(pair.open(sealed)?.isEqual(to: secret) == true)
        #expect(KeyPair.seal(secret, to: pair.publicKey) != sealed)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(pair.open(changed) == nil)
        }
        #expect(KeyPair.random().open(sealed) == nil)
        #expect(pair.open([]) == nil && pair.open(Array(sealed[..<48])) == nil)
        // A point of small order: what is sealed to it, anybody could open.
        #expect(KeyPair.seal(secret, to: [UInt8](repeating: 0, count: 32)) == nil)
    }

    @Test func secrets() {
        let secret = SecretBytes(0..<8)
        #expect(secret.count == 8 && secret.isEqual(to: SecretBytes(0..<8)))
        #expect(!secret.isEqual(to: SecretBytes(0..<7)) && !secret.isEqual(to: SecretBytes(1..<9)))
        #expect(secret.part(2..<4).isEqual(to: SecretBytes([2, 3])))
        #expect(!SecretBytes.random(count: 32).isEqual(to: .random(count: 32)))
    }
}
