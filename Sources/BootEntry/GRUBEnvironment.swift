// SPDX-License-Identifier: GPL-2.0-or-later

/// The variables that GRUB reads before its menu, and that it changes: the file `grubenv`.
///
/// Source: grub-core/lib/envblk.c, GRUB 2.06: a line of its own, lines `NAME=VALUE`, in which a backslash
/// takes what follows as it is, other lines that begin with `#`, and `#` up to the end.
package struct GRUBEnvironment {
    /// The entry that the next boot starts, and that one only: `grub-mkconfig` writes what takes it away.
    package static let nextEntry = "next_entry"
    /// In bytes; GRUB makes files of 1024.
    package static let sizeLimit = 64 << 10

    private static let signature = Array("# GRUB Environment Block\n".utf8)

    private var lines: [[UInt8]] = []
    /// It stays what it is: GRUB writes to the blocks that the file has.
    private let size: Int

    /// Nil for what is no such file.
    package init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: Self.signature) else { return nil }
        size = bytes.count
        var line: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if byte == UInt8(ascii: "\n"), !isEscaped {
                lines.append(line)
                line = []
            } else {
                line.append(byte)
            }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        guard line.allSatisfy({ $0 == UInt8(ascii: "#") }) else { return nil }
    }

    /// As it stands there. Nil where there is none.
    package subscript(name: String) -> String? {
        get {
            let start = Array("\(name)=".utf8)
            return lines.first { $0.starts(with: start) }
                .map { String(decoding: $0[start.count...], as: UTF8.self) }
        }
        set {
            let start = Array("\(name)=".utf8)
            lines.removeAll { $0.starts(with: start) }
            if let newValue { lines.append(start + Array(newValue.utf8)) }
        }
    }

    /// Nil where there is no room for all of it.
    package var bytes: [UInt8]? {
        let text = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
        guard text.count <= size else { return nil }
        return text + [UInt8](repeating: UInt8(ascii: "#"), count: size - text.count)
    }
}
