// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// A kernel with its initramfs. Made at first use, once a process.
package enum System: Sendable {
    /// Linux 6.12 with everything in it, and below /boot what a saver kernel needs.
    case test
    /// Debian's stock cloud kernel, 6.1.
    case debian
    /// Debian's stock kernel with all drivers, 6.1.
    case debianFull
    /// ``debian``, and below /boot the same once more, for `kexec-file`.
    case debianTwice
    /// A Debian on a disk of ``Bench/installedDisk(_:)``, with an initramfs made by its own tools.
    case installed(Kernel, Initramfs, Suite = .bookworm)
    /// A Debian 13 on the disk of ``Bench/mkinitcpioDisk()``, with an initramfs made by mkinitcpio, where a
    /// ``mkinitcpioCheckout`` is named.
    case mkinitcpio(Kernel, Hooks, Key = .none)

    package enum Kernel: String, Sendable {
        /// Debian's cloud kernel, 6.1 or 6.12.
        case stock
        /// Linux 6.12 as in ``test``.
        case test
    }

    package enum Suite: String, CaseIterable, Sendable {
        /// Debian 12.
        case bookworm
        /// Debian 13.
        case trixie
    }

    package enum Initramfs: String, CaseIterable, Sendable {
        case initramfsTools = "initramfs-tools"
        /// With systemd.
        case dracut
        /// Without systemd.
        case dracutPlain = "dracut-plain"
    }

    package enum Hooks: String, CaseIterable, Sendable {
        case busybox, systemd
    }

    /// What opens encrypted images, in the initramfs.
    package enum Key: String, CaseIterable, Sendable {
        case none = ""
        /// With the passphrase `right`.
        case passphrase = "-passphrase"
        /// The same key without one.
        case file = "-key-file"
    }

    /// The sources of mkinitcpio, which are not ours: `make test MKINITCPIO=` names them.
    package static let mkinitcpioCheckout = ProcessInfo.processInfo
        .environment["KRESUME_MKINITCPIO"].flatMap { $0.isEmpty ? nil : $0 }

    /// A busy host may stop a machine for many seconds: that is no soft lockup.
    var parameters: [String] {
        switch self {
        case .test, .installed(.test, _, _), .mkinitcpio(.test, _, _): ["watchdog_thresh=60"]
        default: []
        }
    }

    package struct Files: Sendable {
        package var kernel: String
        package var initramfs: String
    }

    /// Builds or fetches what is not there yet; the first time this takes minutes.
    package func files() throws -> Files {
        switch self {
        case .test: try Self.testFiles.get()
        case .debian: try Self.debianFiles.get()
        case .debianFull: try Self.debianFullFiles.get()
        case .debianTwice: try Self.debianTwiceFiles.get()
        case .installed(let kernel, let initramfs, let suite):
            Files(
                kernel: try Self.installed(suite) + "/vmlinuz-\(kernel.rawValue)",
                initramfs: try Self.installed(suite)
                    + "/initrd-\(kernel.rawValue)-\(initramfs.rawValue)")
        case .mkinitcpio(let kernel, let hooks, let key):
            Files(
                kernel: try Self.mkinitcpio.get() + "/vmlinuz-\(kernel.rawValue)",
                initramfs: try Self.mkinitcpio.get()
                    + "/initrd-\(kernel.rawValue)-\(hooks.rawValue)\(key.rawValue)")
        }
    }

    private static let testFiles = Result<Files, any Error> {
        let kernel = try prepare("test-kernel", [])
        let release = try kernelRelease(of: kernel)
        let saver = try initramfs("saver", [])
        let full = try initramfs(
            "test",
            [
                "\(kernel):/boot/vmlinuz-\(release)",
                "\(saver):/boot/initrd.img-\(release)",
            ])
        return Files(kernel: kernel, initramfs: full)
    }

    private static let debianFiles = Result<Files, any Error> {
        try debian("cloud-amd64", as: "debian")
    }

    private static let debianFullFiles = Result<Files, any Error> {
        try debian("amd64", as: "debian-full")
    }

    private static let debianTwiceFiles = Result<Files, any Error> {
        let files = try debianFiles.get()
        return try debian(
            "cloud-amd64", as: "debian-twice",
            ["\(files.kernel):/boot/vmlinuz", "\(files.initramfs):/boot/initrd.img"])
    }

    private static func debian(
        _ flavour: String, as name: String, _ contents: [String] = []
    ) throws -> Files {
        let directory = try prepare("debian-kernel", [flavour])
        return Files(
            kernel: directory + "/vmlinuz",
            initramfs: try initramfs(name, ["\(directory)/modules:/modules"] + contents))
    }

    /// What the kernel says of itself by `uname -r`.
    package func release() throws -> String { try Self.kernelRelease(of: files().kernel) }

    /// What prepare/debian-package says.
    package static func lifeOfPackage(_ suite: Suite) throws -> String {
        let packages = Host.root.appending(path: "build/packages")
        let names = try FileManager.default.contentsOfDirectory(atPath: packages.path)
        let package = names.first { $0.hasSuffix(".deb") } ?? "none.deb"
        return try prepare(
            "debian-package",
            [packages.appending(path: package).path, prepare("debian-root", [suite.rawValue])])
    }

    /// The directory of prepare/debian-system.
    static func installed(_ suite: Suite) throws -> String {
        switch suite {
        case .bookworm: try bookworm.get()
        case .trixie: try trixie.get()
        }
    }

    private static let bookworm = Result { try makeInstalled(.bookworm) }
    private static let trixie = Result { try makeInstalled(.trixie) }

    /// The same with mkinitcpio.
    static let mkinitcpio = Result {
        guard let checkout = mkinitcpioCheckout else {
            throw MachineError.notStarted(ENOENT, "mkinitcpio: no checkout is named")
        }
        let result = directory.appending(path: "debian-mkinitcpio").path
        let archive = try prepare("debian-root", [Suite.trixie.rawValue, "mkinitcpio"])
        _ = try prepare(
            "debian-system", [result, prepare("test-kernel", []), archive, checkout])
        return result
    }

    private static func makeInstalled(_ suite: Suite) throws -> String {
        let result = directory.appending(path: "debian-\(suite.rawValue)").path
        _ = try prepare(
            "debian-system",
            [result, prepare("test-kernel", []), prepare("debian-root", [suite.rawValue])])
        return result
    }

    /// Where initramfs images, disks and logs go.
    static let directory = Host.root.appending(path: "build/machines")

    private static func initramfs(_ name: String, _ contents: [String]) throws -> String {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let output = directory.appending(path: "initramfs-\(name)").path
        _ = try prepare("initramfs", [output, "\(Host.kresume):/bin/kresume"] + contents)
        return output
    }

    /// Runs one of Tests/Machines/prepare.
    private static func prepare(_ script: String, _ arguments: [String]) throws -> String {
        let path = Host.root.appending(path: "Tests/Machines/prepare/\(script)").path
        return try Host.run([path] + arguments).trimmingCharacters(in: .newlines)
    }

    /// The release that a bzImage names in its setup header.
    ///
    /// Source: Documentation/arch/x86/boot.rst, field `kernel_version`, Linux 6.12.
    private static func kernelRelease(of path: String) throws -> String {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }
        let setup = try file.read(upToCount: 65536) ?? Data()
        guard setup.count > 0x210 else { throw MachineError.notStarted(ENOEXEC, path) }
        let start = Int(setup[0x20e]) + Int(setup[0x20f]) << 8 + 0x200
        let text = setup.dropFirst(start).prefix { $0 != 0x20 && $0 != 0 }
        return String(decoding: text, as: UTF8.self)
    }
}
