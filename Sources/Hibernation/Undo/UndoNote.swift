// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import SystemPackage

/// What a process has changed and means to change back, written down for the case that it cannot:
/// whoever comes after it reads this in /run.
struct UndoNote: Hashable, Sendable {
    enum Entry: Hashable, Sendable {
        /// Swap was on there.
        case swap(FilePath, DeviceNumber, priority: Int, discard: SwapDiscard)
        /// A setting had this value.
        case setting(String, value: String)
        /// There may be an image of this machine, which runs. The offset is in bytes.
        case image(FilePath, DeviceNumber, offset: UInt64, ImageID)
        /// A setting of an md array had this value.
        case array(String, MDArray.Setting, value: String)
        /// This file system may be frozen, by its mount point.
        case frozen(FilePath, DeviceNumber)
        /// Something may be loaded to be jumped to.
        case kexec
        /// The boot loader may have been told to start the resume initramfs.
        case nextEntry
    }

    var owner: ProcessIdentity
    /// Of which boot: in another one nothing is left of what was changed.
    var boot: String
    /// In the order in which things were changed.
    var entries: [Entry]

    static let firstLine = "kresume-undo 1"
    /// In bytes.
    static let sizeLimit = 16 << 10

    /// The id of the boot that runs; empty where the kernel tells none.
    static func boot(_ machine: any KernelFacts) -> String {
        ((try? machine.sysctl("kernel/random/boot_id")) ?? nil) ?? ""
    }
}

extension UndoNote {
    /// A line for each entry. A path or a value comes last, and may have blanks.
    var text: String {
        let lines = [
            Self.firstLine, "process \(owner.number) \(owner.startTime)", "boot \(boot)",
        ]
        return (lines + entries.map(\.line)).map { "\($0)\n" }.joined()
    }
}

extension UndoNote.Entry {
    fileprivate var line: String {
        switch self {
        case .swap(let path, let number, let priority, let discard):
            "swap \(number) \(priority) \(discard.rawValue) \(path.string.octalEscaped)"
        case .setting(let name, let value): "setting \(name) \(value.octalEscaped)"
        case .image(let path, let number, let offset, let id):
            "image \(number) \(offset) \(id) \(path.string.octalEscaped)"
        case .array(let name, let setting, let value):
            "array \(name) \(setting.rawValue) \(value.octalEscaped)"
        case .frozen(let path, let number): "frozen \(number) \(path.string.octalEscaped)"
        case .kexec: "kexec"
        case .nextEntry: "next-entry"
        }
    }
}

extension String {
    /// What would end a line, or be read as an escape, as the kernel writes it in paths.
    fileprivate var octalEscaped: String {
        String(map { $0 == "\\" ? "\\134" : $0.isNewline ? "\\012" : "\($0)" }.joined())
    }
}
