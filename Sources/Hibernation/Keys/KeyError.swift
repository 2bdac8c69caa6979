// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KeyFiles
import SystemPackage

/// Why a key was not made, changed or used.
enum KeyError: ExplainedError {
    case unusable(FilePath, KeyFileError)
    /// An image is to be sealed, and nothing is there to do it with.
    case noSealingKey(FilePath)
    /// A sealed image, and nothing to open it with; where it was looked for.
    case noOpeningKey([FilePath])
    /// The same, where the key is a credential.
    case credentialNotOpened(FilePath)
    case alreadyThere(FilePath)
    case nothingThere
    case noPassphrase
    case wrongPassphrase(times: Int)
    case differentPassphrases
    /// The two files are of different keys.
    case halvesDiffer(FilePath, FilePath)

    var explanation: String {
        switch self {
        case .unusable(let path, let error): "\(path): \(error.explanation)"
        case .noSealingKey(let path):
            "the image is to be encrypted, and there is no key for it at \(path): kresume key create "
                + "makes one"
        case .noOpeningKey(let paths):
            "the image is encrypted, and there is no key here to open it (\(list(paths))): make the "
                + "initramfs again, or name the key with --key-file"
        case .credentialNotOpened(let path):
            "the image is encrypted, and systemd has not opened the credential \(path) with its key "
                + "(journalctl -b tells why): was the TPM cleared, or is it another one? A copy of the "
                + "key opens the image, too: --key-file"
        case .alreadyThere(let path):
            "there is a key already, \(path): images that are sealed with it could not be opened by "
                + "a new one; kresume key remove takes it away"
        case .nothingThere: "there is no key: kresume key create makes one"
        case .noPassphrase: "no passphrase was given: the key stays shut"
        case .wrongPassphrase(let times):
            "\(times == 1 ? "this is" : "these are") not the passphrase of the key: the key stays shut"
        case .differentPassphrases: "these were two different passphrases: nothing was changed"
        case .halvesDiffer(let sealing, let opening):
            "\(sealing) and \(opening) do not belong together: what the one seals the other does not "
                + "open; take copies of both, or kresume key remove and create"
        }
    }
}
