// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// The questions that systemd's password agents put to the user.
package enum PassphrasePrompt {
    /// Whether one is open: a file `ask.*` below /run/systemd/ask-password
    /// (https://systemd.io/PASSWORD_AGENTS).
    package static func isOpen(_ directory: FilePath = "/run/systemd/ask-password") -> Bool {
        let names = (try? SystemFile.names(in: directory)) ?? []
        return names.contains { $0.hasPrefix("ask.") }
    }
}
