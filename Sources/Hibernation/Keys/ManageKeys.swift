// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KeyFiles
import LinuxPlatform
import Sealing
import SystemPackage

/// `kresume key`: makes, shows, changes and removes the keys of encrypted images.
package struct ManageKeys {
    /// Where the key that opens images is or goes; nil: ``KeyFilesHere/opening``.
    package var keyFile: FilePath?
    /// Whether that file is to have no passphrase.
    package var withoutPassphrase = false
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    private var path: FilePath { keyFile ?? KeyFilesHere.opening }
    private var files: KeyFilesHere { KeyFilesHere(machine: machine, named: path) }

    private static let remake =
        "make the initramfs again, so that the next boot has the key (update-initramfs -u, "
        + "dracut --force, mkinitcpio -P)"

    /// Both halves. There must be neither.
    package func create() throws {
        try begin()
        for path in [KeyFilesHere.sealing, path] where machine.exists(path) {
            throw KeyError.alreadyThere(path)
        }
        let key = OpeningKey.random()
        let file = try OpeningKeyFile(key, passphrase: newPassphrase())
        // The half that opens comes first: without it nothing that the other one seals is of any use.
        try machine.replaceFile(path, with: file.serialised)
        do {
            try machine.replaceFile(
                KeyFilesHere.sealing, with: SealingKeyFile.serialised(key.sealingKey))
        } catch {
            _ = try? machine.removeFile(path)
            throw error
        }
        report.note("made \(KeyFilesHere.sealing) and \(path): hibernate encrypts from now on")
        report.note(Self.remake)
    }

    /// What there is, for people.
    package func show() throws -> Inspection {
        let sealing = try files.sealingKey()
        let opening = try machine.exists(path) ? files.openingKey()?.file : nil
        if sealing == nil, opening == nil { throw KeyError.nothingThere }
        var fields: [(String, Inspection.Value)] = []
        if let sealing {
            fields += [
                ("sealing_key", .text("\(KeyFilesHere.sealing)")),
                ("seals_to", .text(hexadecimalDigits(sealing.publicKey))),
            ]
        }
        if let opening {
            fields += [
                ("image_key", .text("\(path)")),
                ("opens", .text(hexadecimalDigits(opening.publicKey))),
                ("passphrase", .text(opening.needsPassphrase ? "yes" : "no")),
            ]
        }
        if let sealing, let opening, sealing.publicKey != opening.publicKey {
            throw KeyError.halvesDiffer(KeyFilesHere.sealing, path)
        }
        return Inspection(fields)
    }

    /// Another passphrase, or none; the key stays the same.
    package func changePassphrase() throws {
        try begin()
        guard machine.exists(path), let (path, file) = try files.openingKey() else {
            throw KeyError.nothingThere
        }
        let key = try UnlockKey(machine: machine, report: report).run(path, file)
        let changed = try OpeningKeyFile(key, passphrase: newPassphrase())
        try machine.replaceFile(path, with: changed.serialised)
        report.note("changed \(path); copies of it, as in an initramfs, keep the old passphrase")
        report.note(Self.remake)
    }

    package func remove() throws {
        try begin()
        let removed = try [KeyFilesHere.sealing, path].map { try machine.removeFile($0) }
        if !removed.contains(true) { throw KeyError.nothingThere }
        report.note("removed the key: hibernate does not encrypt any more")
        report.note("copies of it, as in an initramfs, still open what was sealed with it")
    }

    private func begin() throws {
        try Permission.requireRoot(machine)
        machine.holdSignalsBack()
        machine.forbidCoreDumps()
    }

    /// Nil where there is to be none.
    private func newPassphrase() throws -> SecretBytes? {
        if withoutPassphrase { return nil }
        let unlock = UnlockKey(machine: machine, report: report)
        let first = try unlock.passphrase("New passphrase:")
        let second = try unlock.passphrase("The same again:")
        guard first.isEqual(to: second) else { throw KeyError.differentPassphrases }
        return first
    }
}

/// Two digits for each byte.
func hexadecimalDigits(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
