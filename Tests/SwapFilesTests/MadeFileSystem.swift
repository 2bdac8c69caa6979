// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import SwapFiles
import SystemPackage
import TestSupport

/// A file with a file system that its own tools have made, with files in it, and nothing mounted.
final class MadeFileSystem: FileOnDisk {
    /// A file's path, how its first page ends, and who it belongs to.
    struct Member {
        var path: String
        var signature = "S1SUSPEND\0"
        var mode = 0o600
        var owner = 0
        var kibibytes = 64

        /// In the first page, so that one is known from another one.
        fileprivate var contents: Data {
            var bytes = [UInt8](repeating: 0, count: kibibytes << 10)
            bytes.replaceSubrange(2048..<2048 + path.utf8.count, with: path.utf8)
            if bytes.count >= 4096 {
                bytes.replaceSubrange(4086..<4086 + signature.utf8.count, with: signature.utf8)
            }
            return Data(bytes)
        }
    }

    enum Kind {
        case ext, btrfs, xfs
    }

    let path: String
    private let tree: TemporaryTree
    private let size: UInt64
    private(set) var reads = 0

    /// - Parameters:
    ///   - command: the tool and its options, without files.
    ///   - directories: with their modes and owners.
    init(
        _ kind: Kind, _ command: [String], _ members: [Member],
        directories: [(path: String, mode: Int, owner: Int)] = []
    ) throws {
        tree = try TemporaryTree()
        path = try tree.write([], to: "disk").string
        size = UInt64(kind == .ext ? 160 : 320) << 20
        try FileHandle(forUpdating: URL(filePath: path)).truncate(atOffset: size)
        let root = path + ".tree"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for member in members {
            let file = root + member.path
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try member.contents.write(to: URL(filePath: file))
            try FileManager.default.setAttributes(
                [.posixPermissions: member.mode, .ownerAccountID: member.owner], ofItemAtPath: file)
        }
        for directory in directories {
            try FileManager.default.setAttributes(
                [.posixPermissions: directory.mode, .ownerAccountID: directory.owner],
                ofItemAtPath: root + directory.path)
        }
        switch kind {
        case .ext: try Host.run(command + ["-d", root, path])
        case .btrfs: try Host.run(command + ["-r", root, path])
        case .xfs:
            let description = path + ".proto"
            try ("/dev/null\n0 0\n" + Self.description(of: root)).write(
                toFile: description, atomically: true, encoding: .utf8)
            try Host.run(command + ["-p", description, path])
        }
    }

    /// As mkfs.xfs takes it.
    private static func description(of directory: String) throws -> String {
        let manager = FileManager.default
        func attributes(_ path: String, _ letter: String) throws -> String {
            let attributes = try manager.attributesOfItem(atPath: path)
            let mode = attributes[.posixPermissions] as? Int ?? 0
            let digits = String(mode & 0o777, radix: 8)
            return letter + "--" + String(repeating: "0", count: 3 - digits.count) + digits
                + " \(attributes[.ownerAccountID] ?? 0) 0"
        }
        var text = try attributes(directory, "d") + "\n"
        for name in try manager.contentsOfDirectory(atPath: directory).sorted() {
            let path = directory + "/" + name
            var isDirectory: ObjCBool = false
            _ = manager.fileExists(atPath: path, isDirectory: &isDirectory)
            text += "\(name) "
            text +=
                isDirectory.boolValue
                ? try description(of: path) : try attributes(path, "-") + " \(path)\n"
        }
        return text + "$\n"
    }

    func readAt(_ offset: UInt64, _ count: Int) -> [UInt8]? {
        reads += 1
        return bytes(at: offset, count)
    }

    func swapFiles(unless isLate: @escaping () -> Bool = { false }) -> SwapFiles? {
        SwapFiles(size: size, unless: isLate, readAt: readAt)
    }

    /// What lies at the place of a file that was found.
    func name(at found: SwapFiles.Found) -> String {
        let bytes = readAt(found.offset + 2048, 200) ?? []
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Every place where a word is.
    func places(of word: String) throws -> [UInt64] {
        try Host.reply(to: ["grep", "-abo", word, path]).output.split(separator: "\n").compactMap {
            UInt64($0.prefix { $0.isNumber })
        }
    }
}
