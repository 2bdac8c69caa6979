// SPDX-License-Identifier: GPL-2.0-or-later

import KeyFiles
import LinuxPlatform
import Sealing
import SystemPackage

/// The keys that this system has.
package struct KeyFilesHere {
    /// In the system that hibernates.
    package static let sealing: FilePath = "/etc/kresume/sealing-key"
    /// In the same, for the initramfs; and there.
    package static let opening: FilePath = "/etc/kresume/image-key"
    /// What systemd may give instead.
    package static let credential = "kresume.image-key"

    /// The same where systemd finds it, encrypted. It may be there, and yet not be opened: by another TPM.
    private static let sealedCredential: FilePath = "/etc/credstore.encrypted/kresume.image-key"

    /// No key file has as much, in bytes.
    private static let limit = 4096

    let machine: any Machine
    /// Where the key that opens is, if somebody has said so.
    var named: FilePath?

    /// Nil where there is none.
    func sealingKey() throws -> SealingKey? {
        guard let bytes = try bytes(Self.sealing) else { return nil }
        do { return try SealingKeyFile.parse(bytes) } catch {
            throw KeyError.unusable(Self.sealing, error)
        }
    }

    /// Where the key that opens images is looked for.
    var places: [FilePath] {
        if let named { return [named] }
        let credential = machine.credentialsDirectory.map { $0.appending(Self.credential) }
        return [credential, Self.opening].compactMap { $0 }
    }

    /// Nil where there is none. One that was named must be there.
    func openingKey() throws -> (path: FilePath, file: OpeningKeyFile)? {
        for path in places {
            guard
                let bytes = try named == path ? machine.file(path, limit: Self.limit) : bytes(path)
            else { continue }
            do { return (path, try OpeningKeyFile(parsing: bytes)) } catch {
                throw KeyError.unusable(path, error)
            }
        }
        return nil
    }

    /// What it takes to make the key of the passphrase, in bytes; at most, where the file is not here.
    var memoryToUnlock: UInt64 {
        guard let file = try? openingKey()?.file else {
            return PassphraseCost.memoryLimits.upperBound
        }
        guard case .passphrase(let cost, _) = file.wrapping else { return 0 }
        return cost.memory
    }

    /// Whether there is to be one: somebody has said where, or a file is where one is looked for,
    /// whatever is in it.
    var isConfigured: Bool {
        named != nil || machine.exists(Self.sealedCredential)
            || places.contains { path in
                do { return try bytes(path) != nil } catch { return true }
            }
    }

    /// Why there is no key here.
    var absence: KeyError {
        named == nil && machine.exists(Self.sealedCredential)
            ? .credentialNotOpened(Self.sealedCredential) : .noOpeningKey(places)
    }

    private func bytes(_ path: FilePath) throws(PlatformError) -> [UInt8]? {
        do { return try machine.file(path, limit: Self.limit) } catch {
            if error.number == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }
}
