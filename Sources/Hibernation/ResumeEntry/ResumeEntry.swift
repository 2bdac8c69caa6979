// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// The boot entry with the resume initramfs, as the script that has made it wrote it down.
struct ResumeEntry: Hashable {
    static let note: FilePath = "/etc/kresume/resume-entry"
    private static let limit = 64 << 10

    let loader: BootLoader
    /// Of its kernel.
    let release: String
    /// What it consists of.
    let files: [FilePath]

    /// Nil where none was made, or not to its end.
    init?(_ machine: any Machine) {
        guard let bytes = try? machine.file(Self.note, limit: Self.limit) else { return nil }
        var values: [(key: Substring, value: String)] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2 { values.append((words[0], String(words[1]))) }
        }
        let first = { key in values.first { $0.key == key }?.value }
        guard let loader = first("loader").flatMap({ BootLoader(rawValue: $0) }),
            let release = first("release")
        else { return nil }
        self.loader = loader
        self.release = release
        files = values.filter { $0.key == "file" }.map { FilePath($0.value) }
    }

    /// By what the loader knows it.
    static func id(for loader: BootLoader) -> String {
        switch loader {
        case .systemdBoot: "kresume.conf"
        case .grub: "kresume"
        }
    }

    /// Throws where a boot by it may not be what a boot by the usual entry is.
    func requireWhole(_ machine: any Machine) throws(ResumeEntryError) {
        if BootLoader(machine) != loader { throw .otherLoader(loader) }
        for file in files where !machine.exists(file) { throw .missing(file) }
        let newest = Self.newestKernel(machine)
        if let newest, newest != release { throw .otherKernel(release, newest: newest) }
        let made = machine.modificationTime(of: Self.note) ?? 0
        let sources = SaverFiles(release: release, machine: machine)
        // What a package, or the user, changes in an initramfs is in the usual one first.
        for file in [try? sources.kernel(), try? sources.initrd()] {
            if let file, made < machine.modificationTime(of: file) ?? 0 { throw .older(than: file) }
        }
    }

    /// The release of the newest kernel that is installed with an initramfs: what loaders start by default.
    static func newestKernel(_ machine: any Machine) -> String? {
        let releases = ["/usr/lib/modules", "/lib/modules"].lazy
            .compactMap { try? machine.names(in: $0) }.first
        return releases?.filter { release in
            let files = SaverFiles(release: release, machine: machine)
            return (try? files.kernel()) != nil && (try? files.initrd()) != nil
        }.max { isOlder($0, $1) }
    }

    /// Numbers are compared as numbers, and the rest as text.
    private static func isOlder(_ one: String, _ other: String) -> Bool {
        let (one, other) = (parts(of: one), parts(of: other))
        for (part, otherPart) in zip(one, other) where part != otherPart {
            if let number = UInt64(part), let otherNumber = UInt64(otherPart) {
                return number < otherNumber
            }
            return part < otherPart
        }
        return one.count < other.count
    }

    private static func parts(of release: String) -> [String] {
        var parts: [String] = []
        var wasDigit: Bool?
        for character in release {
            let isDigit = "0"..."9" ~= character
            if isDigit == wasDigit {
                parts[parts.count - 1].append(character)
            } else {
                parts.append(String(character))
            }
            wasDigit = isDigit
        }
        return parts
    }
}
