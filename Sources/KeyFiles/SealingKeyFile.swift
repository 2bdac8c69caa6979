// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import Sealing

/// The file of the key that seals images, in the system that hibernates.
package enum SealingKeyFile {
    package static let size = 88
    private static let checkedSize = 80

    package static func parse(_ bytes: [UInt8]) throws(KeyFileError) -> SealingKey {
        var reader = KeyFileReader(bytes)
        guard try reader.u64() == KeyFileFormat.sealingMagic else { throw .magic }
        let version = try reader.u32()
        guard version == KeyFileFormat.version else { throw .version(version) }
        guard bytes.count == size else { throw .size(bytes.count, expected: size) }
        try reader.skip(4)
        let publicKey = Array(try reader.bytes(KeyPair.size))
        let secret = SecretBytes(try reader.bytes(SealingKey.secretSize))
        guard try reader.u64() == XXH64.hash(bytes[..<checkedSize]) else { throw .wrongChecksum }
        return SealingKey(publicKey: publicKey, machineSecret: secret)
    }

    package static func serialised(_ key: SealingKey) -> [UInt8] {
        var writer = ByteWriter(capacity: size)
        writer.append(KeyFileFormat.sealingMagic)
        writer.append(KeyFileFormat.version)
        writer.append(UInt32(0))
        writer.append(key.publicKey)
        key.machineSecret.withBytes { writer.append($0) }
        writer.append(XXH64.hash(writer.bytes))
        return writer.bytes
    }
}
