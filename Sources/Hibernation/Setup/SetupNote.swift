// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// What `kresume setup` has changed on this system, in order, so that it can be taken back.
struct SetupNote: Hashable {
    static let path: FilePath = "/etc/kresume/setup"
    private static let limit = 64 << 10

    enum Change: Hashable {
        case swapFile(FilePath)
        case subvolume(FilePath)
        case line(String, in: FilePath)
        /// A file, or a link, that was not there.
        case file(FilePath)
        case key
        case resumeEntry

        /// A line: the kind, and after a blank and a tab what it is about.
        fileprivate var text: String {
            switch self {
            case .swapFile(let path): "swap-file \(path)"
            case .subvolume(let path): "subvolume \(path)"
            case .line(let line, let path): "line \(path)\t\(line)"
            case .file(let path): "file \(path)"
            case .key: "key"
            case .resumeEntry: "resume-entry"
            }
        }

        fileprivate init?(_ text: Substring) {
            let words = text.split(separator: " ", maxSplits: 1).map(String.init)
            switch words {
            case ["key"]:
                self = .key
                return
            case ["resume-entry"]:
                self = .resumeEntry
                return
            default: break
            }
            guard words.count == 2, words[1].hasPrefix("/") else { return nil }
            switch words[0] {
            case "swap-file": self = .swapFile(FilePath(words[1]))
            case "subvolume": self = .subvolume(FilePath(words[1]))
            case "file": self = .file(FilePath(words[1]))
            case "line":
                let parts = words[1].split(separator: "\t", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { return nil }
                self = .line(parts[1], in: FilePath(parts[0]))
            default: return nil
            }
        }
    }

    private(set) var changes: [Change] = []

    /// Empty where there is no note.
    init(_ machine: any Machine) throws {
        guard machine.exists(Self.path) else { return }
        let text = String(
            decoding: try machine.file(Self.path, limit: Self.limit), as: UTF8.self)
        for (index, line) in text.split(separator: "\n").enumerated() {
            guard let change = Change(line) else {
                throw SetupError.note(Self.path, line: index + 1)
            }
            changes.append(change)
        }
    }

    /// To be called before the change is made: one that is undone need not have been made. Of the key, which
    /// would be lost, afterwards.
    mutating func add(_ change: Change, on machine: any Machine) throws {
        if changes.contains(change) { return }
        changes.append(change)
        try write(on: machine)
    }

    /// To be called after the last one was undone.
    mutating func removeLast(on machine: any Machine) throws {
        changes.removeLast()
        if changes.isEmpty { _ = try machine.removeFile(Self.path) } else { try write(on: machine) }
    }

    private func write(on machine: any Machine) throws {
        let text = changes.map { $0.text + "\n" }.joined()
        // For root only, as the directory that it may make is: keys lie there.
        try machine.replaceFile(Self.path, with: Array(text.utf8))
    }
}
