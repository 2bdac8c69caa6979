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
        var loader: BootLoader?
        var release: String?
        var files: [FilePath] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            switch words[0] {
            case "loader": loader = BootLoader(rawValue: words[1])
            case "release": release = words[1]
            case "file": files.append(FilePath(words[1]))
            default: break
            }
        }
        guard let loader, let release else { return nil }
        self.loader = loader
        self.release = release
        self.files = files
    }

    /// By what the loader knows it.
    static func id(for loader: BootLoader) -> String {
        switch loader {
        case .systemdBoot: "kresume.conf"
        case .grub: "kresume"
        }
    }

    /// The resume initramfs itself, by the names that the script gives it.
    private var initramfs: FilePath? {
        files.first { $0.lastComponent?.string == "initrd" || $0.extension == "img" }
    }

    /// The resume initramfs as a saver's: smaller than the usual one, and all that it needs. Nil where there
    /// is none of the kernel `release`, or it may lack what the usual one has.
    static func initramfs(for release: String, _ machine: any Machine) -> FilePath? {
        guard let entry = ResumeEntry(machine), entry.release == release else { return nil }
        do { try entry.requireWhole(machine) } catch { return nil }
        return entry.initramfs
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
        var newest: String?
        let releases = try? machine.names(in: "/usr/lib/modules")
        for release in releases ?? (try? machine.names(in: "/lib/modules")) ?? [] {
            let files = SaverFiles(release: release, machine: machine)
            guard (try? files.kernel()) != nil, (try? files.initrd()) != nil else { continue }
            if let other = newest, !key(of: other).lexicographicallyPrecedes(key(of: release)) {
                continue
            }
            newest = release
        }
        return newest
    }

    /// By what releases are put in order: a number is one element, and greater than any character.
    private static func key(of release: String) -> [UInt64] {
        var key: [UInt64] = []
        var isInNumber = false
        for byte in release.utf8 {
            let isDigit = 0x30...0x39 ~= byte
            if !isDigit {
                key.append(UInt64(byte))
            } else if isInNumber {
                key[key.count - 1] = 256 | (key[key.count - 1] >> 9 &* 10 &+ UInt64(byte & 15)) << 9
            } else {
                key.append(256 | UInt64(byte & 15) << 9)
            }
            isInNumber = isDigit
        }
        return key
    }
}
