// SPDX-License-Identifier: GPL-2.0-or-later

import KeyFiles
import LinuxPlatform
import Sealing
import SystemPackage

/// Gets the key out of its file, and asks for the passphrase where it takes one.
struct UnlockKey {
    private static let attempts = 3

    let machine: any Machine
    let report: Report
    /// Asked often while somebody types: whether the key is not wanted any more.
    var isUnwanted: @Sendable () -> Bool = { false }

    func run(_ path: FilePath, _ file: OpeningKeyFile) throws -> OpeningKey {
        machine.forbidCoreDumps()
        if !file.needsPassphrase { return try open(path, file, nil) }
        for attempt in 1...Self.attempts {
            let passphrase = try passphrase("Passphrase of the hibernation image:")
            do { return try open(path, file, passphrase) } catch KeyError.wrongPassphrase {
                if attempt < Self.attempts { report.warn("this is not the passphrase") }
            }
        }
        throw KeyError.wrongPassphrase(times: Self.attempts)
    }

    func passphrase(_ prompt: String) throws -> SecretBytes {
        let answer = try machine.askPassphrase(prompt) {
            isUnwanted() || machine.pendingSignal() != nil
        }
        try machine.throwIfInterrupted()
        guard let answer else { throw KeyError.noPassphrase }
        return answer
    }

    private func open(
        _ path: FilePath, _ file: OpeningKeyFile, _ passphrase: SecretBytes?
    ) throws -> OpeningKey {
        do throws(KeyFileError) {
            if let key = try file.key(passphrase: passphrase) { return key }
        } catch { throw KeyError.unusable(path, error) }
        throw KeyError.wrongPassphrase(times: 1)
    }
}
