// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// The boot splash, where plymouthd runs. Never waits: what cannot be said at once is not said.
package struct Plymouth: Sendable {
    private let address: [UInt8]

    /// - Parameter name: of its socket, which is in the abstract name space.
    package init(socket name: String = "/org/freedesktop/plymouthd") {
        address = [0] + Array(name.utf8)
    }

    /// Whether plymouthd takes a connection.
    var isRunning: Bool {
        guard let socket = connected() else { return false }
        _ = socket
        return true
    }

    /// Puts `text` in the place of what was shown before; nothing, where it is empty.
    ///
    /// The request is a letter, the byte 2, the argument's length and the argument, with the zero
    /// at its end; systemd sends it the same way (src/shared/plymouth-util.c, systemd 257).
    package func show(_ text: String) {
        guard let socket = connected() else { return }
        let request = Self.message(text)
        _ = send(
            socket.rawValue, request, request.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    }

    /// SHOW_MESSAGE. The argument may have 255 bytes; one that is longer is cut between characters.
    static func message(_ text: String) -> [UInt8] {
        var argument: [UInt8] = []
        for character in text {
            let bytes = Array(String(character).utf8)
            if argument.count + bytes.count > 254 { break }
            argument += bytes
        }
        return [UInt8(ascii: "M"), 2, UInt8(argument.count + 1)] + argument + [0]
    }

    private func connected() -> OwnedDescriptor? {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let isWhole = withUnsafeMutableBytes(of: &name.sun_path) { path in
            guard address.count <= path.count else { return false }
            path.copyBytes(from: address)
            return true
        }
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        guard isWhole, case let number = socket(AF_UNIX, CInt(type), 0), number != -1 else {
            return nil
        }
        let descriptor = OwnedDescriptor(adopting: number)
        let size = socklen_t(MemoryLayout<sa_family_t>.size + address.count)
        // A daemon that does not come to accept us has a full queue some day: EAGAIN.
        let result = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, size) }
        }
        if result != 0 { return nil }
        return descriptor
    }
}
