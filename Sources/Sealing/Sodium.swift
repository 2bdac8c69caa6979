// SPDX-License-Identifier: GPL-2.0-or-later

internal import CSodium

/// libsodium, which must be told once that it is going to be used: it looks at what the CPU can, and
/// at where random bytes come from. The corresponding C function is `sodium_init`.
enum Sodium {
    static let start: Void = {
        // Fails where the kernel gives no random bytes: without them there are no keys.
        if sodium_init() < 0 { fatalError("libsodium cannot start: no random bytes") }
    }()
}
