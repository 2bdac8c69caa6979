// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// The terminal that a person sits at, asked for Enter and for nothing else. Its settings stay as
/// they are, and what others are to read is left to them.
final class Terminal {
    private let descriptor: OwnedDescriptor

    /// Standard input's; or else the one that standard error goes to, for a unit of systemd's has
    /// no input. Nil where there is none, and for a job in its background.
    convenience init?() {
        guard let number = [STDIN_FILENO, STDERR_FILENO].first(where: { isatty($0) == 1 }) else {
            return nil
        }
        self.init(FilePath("/proc/self/fd/\(number)"))
    }

    init?(_ path: FilePath) {
        // Opened anew: not to block is then our affair only.
        guard let file = try? OwnedDescriptor(open: path, O_RDONLY | O_NOCTTY | O_NONBLOCK) else {
            return nil
        }
        let number = file.rawValue
        descriptor = file
        let foreground = tcgetpgrp(number)
        guard isatty(number) == 1, foreground == -1 || foreground == getpgrp() else { return nil }
        // An Enter from before somebody was told what it does.
        tcflush(number, TCIFLUSH)
    }

    var rawValue: CInt { descriptor.rawValue }

    enum Input {
        /// Nothing, or what somebody else has read before us.
        case none
        case enter
        /// There will be no more.
        case end
    }

    /// Reads what has been typed.
    func input() -> Input {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor.rawValue, &bytes, bytes.count)
        let error = errno
        if count == -1, error == EAGAIN || error == EINTR { return .none }
        if count <= 0 { return .end }
        let ends = "\r\n".utf8
        return bytes[..<count].contains { ends.contains($0) } ? .enter : .none
    }
}
