// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import Sealing
import SystemPackage

/// The questions that systemd's password agents put to the user, and our own.
package enum PassphrasePrompt {
    /// Whether one of systemd's is open: a file `ask.*` below /run/systemd/ask-password
    /// (https://systemd.io/PASSWORD_AGENTS).
    package static func isOpen(_ directory: FilePath = "/run/systemd/ask-password") -> Bool {
        let names = (try? SystemFile.names(in: directory)) ?? []
        return names.contains { $0.hasPrefix("ask.") }
    }

    /// More is cut off; a passphrase that long cannot be typed in a terminal's line either.
    static let limit = 1023

    /// How long a look at `isUnwanted` may be waited for.
    private static let slice: CInt = 100

    /// Asks whoever is there: through the boot splash, at the terminal, or through systemd; a script on
    /// standard input gives a line.
    ///
    /// - Parameter isUnwanted: asked ten times a second; then nobody is asked any more.
    /// - Returns: nil where nobody can be asked, nothing was typed, or it is unwanted.
    package static func ask(
        _ prompt: String, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> SecretBytes? {
        let isTerminal = isatty(STDIN_FILENO) == 1
        if Plymouth().isRunning, let program = program("plymouth") {
            return try hear(
                program, ["ask-for-password", "--prompt=\(prompt)"], unless: isUnwanted)
        }
        if isTerminal { return try askTerminal(STDIN_FILENO, prompt, unless: isUnwanted) }
        if isScript { return try line(STDIN_FILENO, path: nil, unless: isUnwanted) }
        if SystemFile.exists("/run/systemd/system"), let program = program("systemd-ask-password") {
            return try hear(
                program, ["--timeout=0", "--id=kresume:image", prompt], unless: isUnwanted)
        }
        if isatty(STDERR_FILENO) == 1 {
            return try askTerminal(STDERR_FILENO, prompt, unless: isUnwanted)
        }
        return nil
    }

    /// A pipe or a file, which somebody has put there on purpose.
    private static var isScript: Bool {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0 else { return false }
        return [S_IFIFO, S_IFREG].contains(status.st_mode & S_IFMT)
    }

    private static func program(_ name: String) -> FilePath? {
        ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map { FilePath("\($0)/\(name)") }
            .first { SystemFile.exists($0) }
    }

    /// With what is typed not shown. The corresponding C functions are `tcgetattr` and `tcsetattr`.
    private static func askTerminal(
        _ number: CInt, _ prompt: String, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> SecretBytes? {
        let path = FilePath("/proc/self/fd/\(number)")
        let file = try OwnedDescriptor(open: path, O_RDWR | O_NOCTTY)
        let descriptor = file.rawValue
        var before = termios()
        guard tcgetattr(descriptor, &before) == 0 else { return nil }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        silent.c_lflag |= tcflag_t(ICANON)
        // What was typed before the question is no answer.
        tcsetattr(descriptor, TCSAFLUSH, &silent)
        defer {
            tcsetattr(descriptor, TCSANOW, &before)
            // The Enter was not shown.
            _ = write(descriptor, "\n", 1)
        }
        let text = Array("\(prompt) ".utf8)
        try systemCall(.write, path) { write(descriptor, text, text.count) }
        return try line(descriptor, path: path, unless: isUnwanted)
    }

    /// What a program writes.
    private static func hear(
        _ program: FilePath, _ arguments: [String], unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> SecretBytes? {
        let process = try ProgramOutput(program, arguments)
        let bytes = try line(process.descriptor, path: nil, unless: isUnwanted)
        return process.ended(bytes == nil) ? bytes : nil
    }

    /// Reads up to a line feed, and nothing behind it.
    private static func line(
        _ descriptor: CInt, path: FilePath?, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> SecretBytes? {
        var failure: PlatformError?
        var count = 0
        let bytes = SecretBytes(count: limit + 1) { memory in
            do throws(PlatformError) {
                while count <= limit {
                    guard try isReadable(descriptor, unless: isUnwanted) else {
                        count = 0
                        return
                    }
                    let place = memory.baseAddress! + count
                    let got = try systemCall(.read, path) { read(descriptor, place, 1) }
                    if got == 0 || memory[count] == UInt8(ascii: "\n") { return }
                    count += 1
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return count == 0 ? nil : bytes.part(0..<min(count, limit))
    }

    private static func isReadable(
        _ descriptor: CInt, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> Bool {
        while true {
            if isUnwanted() { return false }
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if try systemCall(.poll, nil, { poll(&wanted, 1, slice) }) > 0 { return true }
        }
    }
}
