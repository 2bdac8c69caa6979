// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import Synchronization

/// A command sent to a guest. Its number is unique in this process, since the reply may come out
/// of another machine than the one that was asked.
package struct Request: Hashable, Sendable {
    package let token: String
    package let command: String

    private static let last = Atomic<Int>(0)

    init(_ command: String) {
        token = String(Self.last.add(1, ordering: .relaxed).newValue)
        self.command = command
    }

    private init(token: String, command: String) {
        self.token = token
        self.command = command
    }

    /// The command that followed `--` on the kernel command line.
    static let boot = Request(token: "0", command: "the boot command")
    /// Not a command: the control channel is open.
    static let ready = Request(token: "ready", command: "the control channel")

    /// The line that guest/control reads.
    var line: String { "\(token) \(Data(command.utf8).base64EncodedString())\n" }
}

/// What a command in a guest came to.
package struct Reply: Hashable, Sendable {
    package var status: Int
    /// Standard output and error, without the line feeds at the end.
    package var output: String

    package init(status: Int, output: String) {
        self.status = status
        self.output = output
    }
}

extension Reply {
    /// The reply to `request` among the control channel's lines `@TOKEN STATUS BASE64@`.
    init?(to request: Request, in text: String) {
        let head = "@\(request.token) "
        for line in text.split(separator: "\n") {
            guard line.hasSuffix("@"), let start = line.range(of: head) else { continue }
            let fields = line[start.upperBound...].dropLast()
                .split(separator: " ", omittingEmptySubsequences: false)
            guard fields.count == 2, let status = Int(fields[0]),
                let output = Data(base64Encoded: String(fields[1]))
            else { continue }
            let text = String(decoding: output, as: UTF8.self)
            self.init(status: status, output: text.trimmingCharacters(in: .newlines))
            return
        }
        return nil
    }
}
