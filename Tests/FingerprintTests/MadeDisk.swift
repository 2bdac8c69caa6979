// SPDX-License-Identifier: GPL-2.0-or-later

import Fingerprint
import Foundation
import MachineHarness
import SystemPackage
import TestSupport

/// A file with a file system that its own tools have made: what they say of it is what is to be read.
final class MadeDisk: FileOnDisk {
    let path: String
    private let tree: TemporaryTree
    let size: UInt64

    /// - Parameter command: a tool and its options, without the file.
    init(_ mebibytes: UInt64, _ command: [String]) throws {
        tree = try TemporaryTree()
        size = mebibytes << 20
        path = try tree.write([], to: "disk").string
        try FileHandle(forUpdating: URL(filePath: path)).truncate(atOffset: size)
        if !command.isEmpty { try Host.run(command + [path]) }
    }

    func readAt(_ offset: UInt64, _ count: Int) -> [UInt8]? {
        bytes(at: offset, count)
    }

    func byte(at offset: UInt64) -> UInt8 { readAt(offset, 1)?.first ?? 0 }

    /// Turns its bits.
    func change(at offset: UInt64) throws { try write([~byte(at: offset)], at: offset) }

    func state(_ kind: FileSystemKind) -> FileSystemState? {
        FileSystemState(kind, size: size, readAt: readAt)
    }

    /// What a tool says of it.
    func said(_ command: [String], of pattern: String) throws -> String? {
        let output = try Host.reply(to: command + [path]).output
        let match = try Regex(pattern).firstMatch(in: output)
        return match.flatMap {
            $0.output.count > 1 ? $0.output[1].substring.map { String($0) } : nil
        }
    }
}

/// A UUID's text as its bytes.
func bytes(ofUUID text: String) -> [UInt8] {
    let digits = Array(text.filter { $0 != "-" })
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
        UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
}
