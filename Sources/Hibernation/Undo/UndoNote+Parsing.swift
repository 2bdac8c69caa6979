// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KresumeImage
import LinuxPlatform
import Restore
import SystemPackage

/// What is wrong with a note of what is to be undone.
enum UndoNoteError: ExplainedError, Hashable {
    /// Counted from 1.
    case malformed(line: Int)

    var explanation: String {
        switch self {
        case .malformed(let line):
            "the note of what an earlier kresume left is damaged in line \(line): look whether swap is "
                + "on (swapon --show)"
        }
    }
}

extension UndoNote {
    init(parsing bytes: [UInt8]) throws(UndoNoteError) {
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard lines[0] == Self.firstLine else { throw .malformed(line: 1) }
        guard lines.count > 1, let owner = ProcessIdentity(line: lines[1]) else {
            throw .malformed(line: 2)
        }
        guard lines.count > 3, lines[2].hasPrefix("boot ") else { throw .malformed(line: 3) }
        var entries: [Entry] = []
        for (index, line) in lines.enumerated().dropFirst(3).dropLast() {
            guard let entry = Entry(line: line) else { throw .malformed(line: index + 1) }
            entries.append(entry)
        }
        // One that is cut off has no line feed at its end.
        if lines.last != "" { throw .malformed(line: lines.count) }
        self.init(owner: owner, boot: String(lines[2].dropFirst(5)), entries: entries)
    }
}

extension ProcessIdentity {
    fileprivate init?(line: Substring) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "process", let number = Int32(words[1]), number > 0,
            let startTime = UInt64(words[2])
        else { return nil }
        self.init(number: number, startTime: startTime)
    }
}

extension UndoNote.Entry {
    fileprivate init?(line: Substring) {
        let words = { (count: Int) -> [Substring]? in
            let words = line.split(
                separator: " ", maxSplits: count - 1, omittingEmptySubsequences: false)
            return words.count == count && words.last != "" ? words : nil
        }
        switch line.prefix(while: { $0 != " " }) {
        case "swap":
            guard let words = words(5), let number = DeviceNumber(words[1]),
                let priority = Int16(words[2]), let discard = SwapDiscard(rawValue: "\(words[3])"),
                let path = FilePath(escaped: words[4])
            else { return nil }
            self = .swap(path, number, priority: Int(priority), discard: discard)
        case "setting":
            // No other is ever changed.
            guard let words = words(3), QuietMemory.settings.contains(String(words[1])) else {
                return nil
            }
            self = .setting(String(words[1]), value: words[2].octalUnescaped)
        case "image":
            guard let words = words(5), let number = DeviceNumber(words[1]),
                let offset = UInt64(words[2]), let id = ImageID("\(words[3])"),
                let path = FilePath(escaped: words[4])
            else { return nil }
            self = .image(path, number, offset: offset, id)
        case "array":
            guard let words = words(4), MDArray.isName(words[1]),
                let setting = MDArray.Setting(rawValue: "\(words[2])")
            else { return nil }
            self = .array(String(words[1]), setting, value: words[3].octalUnescaped)
        case "frozen":
            guard let words = words(3), let number = DeviceNumber(words[1]),
                let path = FilePath(escaped: words[2])
            else { return nil }
            self = .frozen(path, number)
        case "kexec" where line == "kexec": self = .kexec
        case "next-entry" where line == "next-entry": self = .nextEntry
        default: return nil
        }
    }
}

extension FilePath {
    /// A whole path. A zero would end it early.
    fileprivate init?(escaped text: Substring) {
        let text = text.octalUnescaped
        guard text.hasPrefix("/"), !text.utf8.contains(0) else { return nil }
        self.init(text)
    }
}
