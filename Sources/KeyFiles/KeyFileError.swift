// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Explanation

/// Why a file with a key cannot be used.
package enum KeyFileError: ExplainedError, Hashable, TruncationError {
    /// One that is too short, or empty.
    case truncated(offset: UInt64, needed: Int, available: Int)
    /// Another length than such a file has, in bytes.
    case size(Int, expected: Int)
    case magic
    case version(UInt32)
    case wrongChecksum
    /// How the secret is wrapped.
    case wrapping(UInt32)
    case cost(passes: UInt64, memory: UInt64)
    /// A file without a passphrase that has been changed.
    case changed
    /// In bytes: what the passphrase's key takes.
    case noMemory(UInt64)
    /// What was unwrapped does not belong to the public key that stands there.
    case otherKey

    package var explanation: String {
        switch self {
        case .truncated(let offset, let needed, let available):
            damaged("\(needed) bytes are needed at byte \(offset), and \(available) are there")
        case .size(let size, let expected):
            damaged("it should have \(expected) bytes, and has \(size)")
        case .magic:
            "this is no key of kresume's: is it the right file? kresume key create makes one"
        case .version(let version):
            "the key file has version \(version), and this kresume knows version "
                + "\(KeyFileFormat.version): use the kresume that made it"
        case .wrongChecksum: damaged("its checksum is wrong")
        case .wrapping(let number):
            "the key file is protected in a way that this kresume does not know (\(number)): use the "
                + "kresume that made it"
        case .cost(let passes, let memory):
            damaged("its passphrase would take \(passes) passes through \(mebibytes(memory))")
        case .changed: damaged("its secret is not what was written there")
        case .noMemory(let size):
            "there is not the memory that the passphrase takes, \(mebibytes(size)): see what else uses "
                + "memory, and try again"
        case .otherKey: damaged("its two halves do not belong together")
        }
    }

    private func damaged(_ why: String) -> String {
        "the key file is damaged: \(why); take a copy of it, or make a new key: kresume key create"
    }
}

/// Constants of both files. Source: docs/image-format.md.
enum KeyFileFormat {
    static let version: UInt32 = 1
    /// "kr-seal\n" and "kr-open\n", read as little-endian numbers.
    static let sealingMagic: UInt64 = 0x0a6c_6165_732d_726b
    static let openingMagic: UInt64 = 0x0a6e_6570_6f2d_726b
}

typealias KeyFileReader = ByteReader<KeyFileError>
