// SPDX-License-Identifier: GPL-2.0-or-later

import Sealing
import Testing

@testable import KeyFiles

private func hex(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
    }
}

private func bytes(_ secret: SecretBytes) -> [UInt8] { secret.withBytes { Array($0) } }

/// The numbers of docs/image-format.md, Test vector.
private enum Vector {
    static let key = OpeningKey(
        pair: KeyPair(secretKey: SecretBytes(0x00..<0x20))!, machineSecret: SecretBytes(0x20..<0x40)
    )
    static let cost = PassphraseCost(passes: 1, memory: 8 << 20)
    static let passphrase = SecretBytes("passphrase".utf8)

    static func file(passphrase: SecretBytes?) throws -> OpeningKeyFile {
        try OpeningKeyFile(
            key, passphrase: passphrase, cost: cost, salt: Array(0x60..<0x70),
            nonce: Array(0x70..<0x88))
    }
}

@Suite struct KeyFileTests {
    @Test func theFileIsAsOtherSoftwareMakesIt() throws {
        let file = try Vector.file(passphrase: Vector.passphrase)
        #expect(
            file.serialised
                == hex(
                    "6b722d6f70656e0a01000000010000000100000000000000000080000000000060616263646566"
                        + "6768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283848586878f40c5"
                        + "adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f3e928bf8e39940"
                        + "15a57b58a3a1d2f4cdf3515a98fa5a45f1bedb33059ad388f5e82dbceee263b200d0b85a"
                        + "6ce52acc362c7d6aba57255f66004241db2d9b671c095fcab14939d17572b5ee27fd9021"
                        + "6f"))
        let plain = try Vector.file(passphrase: nil)
        #expect(
            plain.serialised
                == hex(
                    "6b722d6f70656e0a01000000000000000000000000000000000000000000000000000000000000"
                        + "000000000000000000707172737475767778797a7b7c7d7e7f80818283848586878f40c5"
                        + "adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f4f9138305c77d5"
                        + "255f8072478401c92c65f31a0147dc7c53381109b43c925ea8cbe0a33c49d334cb0d40c2"
                        + "e5c6affc12b88e6119512c7f6cedccc8fc8e2e3c4734ca1696c8ccf5bc415709d596ce0e"
                        + "ef"))
    }

    @Test(arguments: [true, false]) func whatIsWrittenIsRead(hasPassphrase: Bool) throws {
        let passphrase = hasPassphrase ? Vector.passphrase : nil
        let written = try OpeningKeyFile(Vector.key, passphrase: passphrase, cost: Vector.cost)
        let read = try OpeningKeyFile(parsing: written.serialised)
        #expect(read == written && read.needsPassphrase == hasPassphrase)
        #expect(read.serialised.count == OpeningKeyFile.size)
        let key = try #require(try read.key(passphrase: passphrase))
        #expect(bytes(key.pair.secretKey) == Array(0x00..<0x20))
        #expect(bytes(key.machineSecret) == Array(0x20..<0x40))
        #expect(key.pair.publicKey == read.publicKey)
        // Salt and nonce are new each time.
        let other = try OpeningKeyFile(Vector.key, passphrase: passphrase, cost: Vector.cost)
        #expect(other != written)
    }

    @Test func anotherPassphraseOpensNothing() throws {
        let file = try Vector.file(passphrase: Vector.passphrase)
        for word in ["passphras", "passphrase ", "Passphrase", "\u{0}"] {
            #expect(try file.key(passphrase: SecretBytes(word.utf8)) == nil, "\(word)")
        }
        #expect(try file.key() == nil)
    }

    /// Each byte of a file without a passphrase is noticed when it is read, and of one with a passphrase
    /// when it is opened. What the numbers in it would cost is limited before that.
    @Test func everyByteCounts() throws {
        let plain = try Vector.file(passphrase: nil).serialised
        let locked = try Vector.file(passphrase: Vector.passphrase).serialised
        for index in plain.indices {
            var bytes = plain
            bytes[index] ^= 0x10
            #expect(throws: KeyFileError.self, "\(index)") { try OpeningKeyFile(parsing: bytes) }
            // Of salt, nonce, key and secrets each byte is the same to the code.
            guard index < 48 || index.isMultiple(of: 16) else { continue }
            bytes = locked
            bytes[index] ^= 0x01
            guard let file = try? OpeningKeyFile(parsing: bytes) else { continue }
            #expect(try file.key(passphrase: Vector.passphrase) == nil, "\(index)")
        }
    }

    @Test func whatIsNoKeyFileIsRefused() throws {
        let good = try Vector.file(passphrase: Vector.passphrase).serialised
        func changed(_ offset: Int, _ new: [UInt8]) -> [UInt8] {
            var bytes = good
            bytes.replaceSubrange(offset..<offset + new.count, with: new)
            return bytes
        }
        let refused: [(KeyFileError, [UInt8])] = [
            (.truncated(offset: 0, needed: 8, available: 0), []),
            (.truncated(offset: 8, needed: 4, available: 3), Array(good[..<11])),
            (.size(183, expected: 184), Array(good.dropLast())),
            (.size(185, expected: 184), good + [0]),
            (.magic, changed(0, [0])),
            (.magic, SealingKeyFile.serialised(Vector.key.sealingKey)),
            (.version(2), changed(8, [2])),
            (.wrapping(2), changed(12, [2])),
            (.cost(passes: 0, memory: 8 << 20), changed(16, [0])),
            (.cost(passes: 65, memory: 8 << 20), changed(16, [65])),
            (.cost(passes: 1 << 63 | 1, memory: 8 << 20), changed(23, [0x80])),
            (.cost(passes: 1, memory: 0), changed(26, [0])),
            (.cost(passes: 1, memory: 8 << 20 | 1), changed(24, [1])),
            (.cost(passes: 1, memory: 1 << 40 | 8 << 20), changed(29, [1])),
            (.changed, changed(12, [0])),
        ]
        for (error, bytes) in refused {
            #expect(throws: error) { try OpeningKeyFile(parsing: bytes) }
        }
    }

    @Test func theSealingKeyIsReadBack() throws {
        let written = SealingKeyFile.serialised(Vector.key.sealingKey)
        #expect(written.count == SealingKeyFile.size)
        #expect(written.starts(with: "kr-seal\n".utf8))
        let read = try SealingKeyFile.parse(written)
        #expect(read.publicKey == Vector.key.pair.publicKey)
        #expect(bytes(read.machineSecret) == Array(0x20..<0x40))
        for index in written.indices {
            var changed = written
            changed[index] ^= 4
            #expect(throws: KeyFileError.self) { try SealingKeyFile.parse(changed) }
        }
        for count in [0, 7, 12, 87, 89] {
            let bytes = Array((written + [0]).prefix(count))
            #expect(throws: KeyFileError.self) { try SealingKeyFile.parse(bytes) }
        }
    }

    /// Secrets of one key under another one's public half: made on purpose, or two files mixed up.
    @Test func halvesThatDoNotBelongTogether() throws {
        let pair = KeyPair(secretKey: SecretBytes(0x40..<0x60))!
        let nonce = [UInt8](repeating: 0, count: 24)
        var front = try Vector.file(passphrase: nil).serialised[..<48] + nonce
        front += pair.publicKey
        let wrapped = WrappedSecret.wrap(
            SecretBytes(0..<64), by: SecretBytes([UInt8](repeating: 0, count: 32)), nonce: nonce,
            context: Array(front))
        #expect(throws: KeyFileError.otherKey) {
            try OpeningKeyFile(parsing: Array(front) + wrapped)
        }
    }
}
