// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import Sealing

/// Whether an image is encrypted.
package enum ImageEncryption: Hashable, Sendable {
    /// Where there is a key.
    case automatic
    case always
    case never

    /// What it is sealed with; nil where it is not to be. A key that is there and cannot be used is no
    /// reason to write an image in clear.
    func seal(_ machine: any Machine) throws -> Seal? {
        if self == .never { return nil }
        machine.forbidCoreDumps()
        let keys = KeyFilesHere(machine: machine)
        if let key = try keys.sealingKey() {
            return Seal(key: key, unlocking: keys.memoryToUnlock)
        }
        if self == .always { throw KeyError.noSealingKey(KeyFilesHere.sealing) }
        return nil
    }

    struct Seal: Sendable {
        var key: SealingKey
        /// What a restore kernel needs for the passphrase, in bytes.
        var unlocking: UInt64
    }
}
