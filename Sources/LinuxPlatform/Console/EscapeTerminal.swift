// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// The Escape key on a terminal: a byte that comes alone. Other keys send several that begin with
/// the same one.
struct LoneEscape {
    /// How long the rest of a key may take to come. It takes a thirtieth of a second at 300 baud.
    static let milliseconds = 200
    private static let escape: UInt8 = 0x1b

    /// When the byte came that nothing has followed, in nanoseconds.
    private var start: UInt64?

    var isUndecided: Bool { start != nil }

    /// Whether it was pressed.
    ///
    /// - Parameters:
    ///   - bytes: what has been typed since, maybe nothing.
    ///   - now: in nanoseconds.
    mutating func take(_ bytes: some Sequence<UInt8>, at now: UInt64) -> Bool {
        for byte in bytes {
            guard byte == Self.escape else {
                start = nil
                continue
            }
            if start != nil { return true }
            start = now
        }
        guard let start else { return false }
        return now - start >= UInt64(Self.milliseconds) * 1_000_000
    }
}

/// A terminal whose every byte is read at once. Its settings are put back in the end.
final class EscapeTerminal {
    private let descriptor: OwnedDescriptor
    private let settings: termios
    private var escape = LoneEscape()

    /// Nil where it is no terminal, and for a job in its background.
    init?(_ path: FilePath) {
        guard let file = try? OwnedDescriptor(open: path, O_RDONLY | O_NOCTTY | O_NONBLOCK) else {
            return nil
        }
        var settings = termios()
        let foreground = tcgetpgrp(file.rawValue)
        guard tcgetattr(file.rawValue, &settings) == 0,
            foreground == -1 || foreground == getpgrp()
        else { return nil }
        self.settings = settings
        descriptor = file
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        withUnsafeMutableBytes(of: &settings.c_cc) {
            $0[Int(VMIN)] = 1
            $0[Int(VTIME)] = 0
        }
        // What was typed before counts.
        tcsetattr(number, TCSANOW, &settings)
    }

    deinit {
        var settings = settings
        tcsetattr(descriptor.rawValue, TCSANOW, &settings)
    }

    var number: CInt { descriptor.rawValue }

    var isUndecided: Bool { escape.isUndecided }

    /// Reads what has been typed; nothing while systemd asks for a passphrase.
    func input() -> KeyInput {
        if PassphrasePrompt.isOpen() { return .none }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(number, &bytes, bytes.count)
        let error = errno
        let isLater = count == -1 && (error == EAGAIN || error == EINTR)
        guard count > 0 || isLater else { return .end }
        let typed = bytes[..<max(0, count)]
        return escape.take(typed, at: Uptime.nanoseconds()) ? .key(.escape) : .none
    }
}
