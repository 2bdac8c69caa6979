// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// What it takes to unlock an encrypted device, as far as its header says.
///
/// Format: LUKS2 On-Disk Format Specification 1.1. Its integers are big endian. What LUKS1 does with
/// a passphrase takes no memory to speak of.
package enum KeySlots {
    /// How much of the device's beginning has to be read, at most: header and JSON area.
    package static let headerLimit = 4 << 20
    /// cryptsetup takes no more (`MAX_ARGON2_MEMORY`... 4 GiB); in KiB.
    private static let memoryLimit: UInt64 = 4 << 20

    /// In bytes: the most that one of its key slots takes. 0 where there is no such header.
    ///
    /// - Parameter header: the device's first bytes.
    package static func memory(of header: [UInt8]) -> UInt64 {
        guard header.count >= 4096, header.starts(with: Array("LUKS".utf8) + [0xba, 0xbe, 0, 2]),
            let stored: UInt64 = header.integer(at: 8)
        else { return 0 }
        let size = min(stored.byteSwapped, UInt64(header.count))
        guard size > 4096 else { return 0 }
        // The member "memory", in KiB, is that of the key derivation function. Elsewhere it would
        // only make this too large.
        var most: UInt64 = 0
        let text = header[4096..<Int(size)].prefix { $0 != 0 }
        let name = Array("\"memory\"".utf8)
        var rest = text[...]
        while let quote = rest.firstIndex(of: name[0]) {
            rest = rest[quote...]
            guard rest.starts(with: name) else {
                rest = rest.dropFirst()
                continue
            }
            rest = rest.dropFirst(name.count).drop { $0 == UInt8(ascii: ":") || $0 <= 0x20 }
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            let value = UInt64(String(decoding: digits, as: UTF8.self)) ?? memoryLimit
            if !digits.isEmpty { most = max(most, min(value, memoryLimit)) }
        }
        return most << 10
    }
}
