// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// Where distributions keep the running kernel's file and its initramfs.
struct SaverFiles {
    let release: String
    let machine: any Machine

    func kernel() throws -> FilePath {
        let candidates =
            ["/boot/vmlinuz-\(release)"] + modules.map { "\($0)/vmlinuz" }
            + packageBase.map { "/boot/vmlinuz-\($0)" }
        guard let path = firstPresent(candidates) else {
            throw HibernateError.noSaverKernel(release: release)
        }
        return path
    }

    func initrd() throws -> FilePath {
        let candidates =
            // Debian; Fedora and openSUSE (dracut); Arch (mkinitcpio).
            [
                "/boot/initrd.img-\(release)", "/boot/initramfs-\(release).img",
                "/boot/initrd-\(release)",
            ] + modules.flatMap { ["\($0)/initrd", "\($0)/initramfs.img"] }
            + packageBase.map { "/boot/initramfs-\($0).img" }
        guard let path = firstPresent(candidates) else {
            throw HibernateError.noSaverInitrd(release: release)
        }
        return path
    }

    private var modules: [String] { ["/usr/lib/modules/\(release)", "/lib/modules/\(release)"] }

    /// Arch names its files after the package, and says in the modules' directory which it is.
    private var packageBase: [String] {
        modules.lazy.compactMap { line(FilePath("\($0)/pkgbase")) }.prefix(1)
            .map { $0 }
    }

    private func line(_ path: FilePath) -> String? {
        guard let bytes = try? machine.file(path, limit: 4096) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private func firstPresent(_ candidates: [String]) -> FilePath? {
        candidates.lazy.map { FilePath($0) }.first { machine.exists($0) }
    }
}
