// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Memory that not even the kernel maps, and that must never be written anywhere: memfd_secret(2).
package enum SecretMemory {
    /// How the kernel calls such a file, whoever asks: `memfd_secret`, mm/secretmem.c, and
    /// `simple_dname`, fs/d_path.c, Linux 6.12.
    private static let name = "/secretmem (deleted)"

    /// The processes that have some, as `name (number)`. One whose file is on its way from one
    /// process to another, through a socket, is not found.
    package static func users(proc: FilePath = "/proc") throws(PlatformError) -> [String] {
        try SystemFile.names(in: proc).filter { Int32($0) != nil }.compactMap { number in
            let process = proc.appending(number)
            guard maps(process) || isOpen(in: process.appending("fd")) else { return nil }
            let name = (try? SystemFile.line(process.appending("comm"))) ?? "process"
            return "\(name) (\(number))"
        }
    }

    /// Also where the file has been closed since. A process that has just ended has no maps.
    private static func maps(_ process: FilePath) -> Bool {
        let text = (try? SystemFile.text(process.appending("maps"), limit: 64 << 20)) ?? ""
        return text.split(separator: "\n").contains { $0.hasSuffix(" " + name) }
    }

    private static func isOpen(in directory: FilePath) -> Bool {
        ((try? SystemFile.names(in: directory)) ?? []).contains { number in
            var target = [CChar](repeating: 0, count: name.utf8.count + 1)
            let length = directory.appending(number).withPlatformString {
                readlink($0, &target, target.count)
            }
            return length == name.utf8.count
                && target.prefix(length).elementsEqual(name.utf8.map { CChar(bitPattern: $0) })
        }
    }
}
