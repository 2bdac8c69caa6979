// SPDX-License-Identifier: GPL-2.0-or-later

import Hibernation
import LinuxPlatform
import SystemPackage

/// The command that has to do with keys.
extension Command {
    static let key = Command(
        name: "key", operands: "create | show | change-passphrase | remove",
        summary: "Make, show, change or remove the key of encrypted images.",
        details: """
            create makes two files: /etc/kresume/sealing-key, with which hibernate encrypts and asks for
            nothing, and /etc/kresume/image-key, which opens images and which the initramfs needs. Of
            that one the passphrase is asked for at each resume.
            """,
        options: [
            CommandLineOption("no-passphrase", "create, change-passphrase: the key is as it is"),
            CommandLineOption(
                "key-file", argument: .file,
                "where the key that opens images is (default: /etc/kresume/image-key)"),
        ], operandCount: 0...1, worksAnywhere: true
    ) { arguments, report in
        var keys = ManageKeys(LinuxMachine(), report)
        keys.withoutPassphrase = arguments.options.contains("no-passphrase")
        keys.keyFile = arguments.options.value("key-file").map { FilePath($0) }
        switch arguments.operands.first ?? "" {
        case "create": try keys.create()
        case "show": print(try keys.show().text)
        case "change-passphrase": try keys.changePassphrase()
        case "remove": try keys.remove()
        case let word: throw UsageError.notAKeyCommand(word)
        }
        return .success
    }
}
