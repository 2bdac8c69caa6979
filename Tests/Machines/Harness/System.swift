// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import Synchronization

/// A kernel with its initramfs. Made at first use, once a process.
package enum System: Sendable {
    /// Linux 6.12 with everything in it, or the kernel of KRESUME_KERNEL (see prepare/own-kernel); below /boot
    /// what a saver kernel needs.
    case test
    /// The same of the newest source in Debian's archive; see ``isThere()``.
    case newest
    /// Debian's stock cloud kernel, 6.1.
    case debian
    /// The newest stock cloud kernel in Debian's archive; see ``isThere()``.
    case newestDebian
    /// The newest of one of ``newerSeries()``, such as 6.18.
    case debianSeries(String)
    /// Debian's stock kernel with all drivers, 6.1.
    case debianFull
    /// ``debian``, and below /boot the same once more, for `kexec-file`.
    case debianTwice
    /// Debian's stock cloud kernel for arm64, 6.1 or 6.12; see ``hasARM64``.
    case debianARM64(Suite)
    /// A Debian on a disk of ``Bench/installedDisk(_:)``, with an initramfs made by its own tools.
    case installed(Kernel, Initramfs, Suite = .bookworm)
    /// A Debian 13 on a disk of ``Bench/installedDisk(by:)``, with an initramfs made by mkinitcpio, where its
    /// ``Tool/checkout`` is named.
    case mkinitcpio(Kernel, Hooks, Key = .none)
    /// The same with the newest dracut.
    case dracut(Kernel, Initramfs)

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

    /// What makes initramfs images, from its sources, which are not ours.
    package enum Tool: String, Sendable {
        case mkinitcpio, dracut

        /// Where they are: `make test MKINITCPIO=`, or `DRACUT=`, names it.
        package var checkout: String? {
            ProcessInfo.processInfo.environment["KRESUME_\(rawValue.uppercased())"]
                .flatMap { $0.isEmpty ? nil : $0 }
        }
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

    /// A busy host may stop a machine for many seconds: that is no soft lockup.
    var parameters: [String] {
        switch self {
        case .test, .newest, .installed(.test, _, _), .mkinitcpio(.test, _, _), .dracut(.test, _):
            ["watchdog_thresh=60"]
        default: []
        }
    }

    package struct Files: Sendable {
        package var kernel: String
        package var initramfs: String
        /// What the initramfs has beside kresume and busybox; see prepare/initramfs.
        fileprivate var contents: [String] = []
    }

    /// Builds or fetches what is not there yet; the first time this takes minutes.
    package func files() throws -> Files {
        switch self {
        case .test: try Self.testFiles.get()
        case .newest: try Self.newestFiles.get().orNone()
        case .debian: try Self.debianFiles.get()
        case .newestDebian: try Self.newestDebianFiles.get().orNone()
        case .debianSeries(let series): try Self.debianFiles(of: series)
        case .debianFull: try Self.debianFullFiles.get()
        case .debianTwice: try Self.debianTwiceFiles.get()
        case .debianARM64(let suite): try Self.debianARM64Files(suite)
        case .installed(let kernel, let initramfs, let suite):
            Self.files(try Self.installed(suite), kernel, initramfs.rawValue)
        case .mkinitcpio(let kernel, let hooks, let key):
            Self.files(try Self.installed(by: .mkinitcpio), kernel, hooks.rawValue + key.rawValue)
        case .dracut(let kernel, let initramfs):
            Self.files(try Self.installed(by: .dracut), kernel, initramfs.rawValue)
        }
    }

    /// Whether Debian's archive has a kernel that is newer than 6.12, where that is what is meant.
    package func isThere() throws -> Bool {
        switch self {
        case .newest: try Self.newestFiles.get() != nil
        case .newestDebian: try Self.newestDebianFiles.get() != nil
        default: true
        }
    }

    /// An initramfs of this system in which other kernels lie below /boot, to be started from it: those of
    /// `others`, as `kernel-NAME` and `initramfs-NAME`.
    package func initramfs(_ name: String, with others: [String: System]) throws -> String {
        let own = try files()
        let contents = try others.sorted { $0.key < $1.key }.flatMap { name, system in
            let files = try system.files()
            return [
                "\(files.kernel):/boot/kernel-\(name)",
                "\(files.initramfs):/boot/initramfs-\(name)",
            ]
        }
        return try Self.initramfs(name, own.contents + contents)
    }

    private static let testFiles = Result<Files, any Error> {
        try jumping(prepare("test-kernel", []), as: "test")
    }

    private static let newestFiles = Result<Files?, any Error> {
        try newest("test-kernel", ["newest"]).map { try jumping($0, as: "newest") }
    }

    private static let debianFiles = Result<Files, any Error> {
        try debian(prepare("debian-kernel", ["cloud-amd64"]), as: "debian")
    }

    private static let newestDebianFiles = Result<Files?, any Error> {
        try newest("debian-kernel", ["cloud-amd64", "newest"]).map {
            try debian($0, as: "newest-debian")
        }
    }

    /// The series of stock cloud kernels in Debian's archive that are newer than 6.12, the oldest first.
    package static func newerSeries() throws -> [String] {
        try prepare("archive", ["series", "cloud-amd64"]).split(separator: "\n").map(String.init)
    }

    private static let seriesFiles = Mutex<[String: Files]>([:])

    private static func debianFiles(of series: String) throws -> Files {
        if let files = seriesFiles.withLock({ $0[series] }) { return files }
        let files = try newest("debian-kernel", ["cloud-amd64", "newest", series]).map {
            try debian($0, as: "debian-\(series)")
        }.orNone()
        seriesFiles.withLock { $0[series] = files }
        return files
    }

    private static let debianFullFiles = Result<Files, any Error> {
        try debian(prepare("debian-kernel", ["amd64"]), as: "debian-full")
    }

    private static let debianTwiceFiles = Result<Files, any Error> {
        var files = try debianFiles.get()
        files.contents += ["\(files.kernel):/boot/vmlinuz", "\(files.initramfs):/boot/initrd.img"]
        files.initramfs = try initramfs("debian-twice", files.contents)
        return files
    }

    /// Whether `make arm64` has built kresume for arm64.
    package static var hasARM64: Bool {
        FileManager.default.fileExists(atPath: Host.kresumeARM64)
    }

    private static let arm64Files = Mutex<[Suite: Files]>([:])

    private static func debianARM64Files(_ suite: Suite) throws -> Files {
        if let files = arm64Files.withLock({ $0[suite] }) { return files }
        let directory = try prepare("arm64-kernel", [suite.rawValue])
        let files = Files(
            kernel: directory + "/vmlinuz",
            initramfs: try initramfs(
                "arm64-\(suite)", ["\(directory)/modules:/modules"],
                kresume: Host.kresumeARM64,
                ["CC=aarch64-linux-gnu-gcc", "BUSYBOX=\(directory)/busybox", "TOOLS=pattern"]))
        arm64Files.withLock { $0[suite] = files }
        return files
    }

    /// A kernel that can be jumped back into.
    private static func jumping(_ kernel: String, as name: String) throws -> Files {
        let release = try kernelRelease(of: kernel)
        let modules = URL(filePath: kernel).deletingLastPathComponent().appending(path: "modules")
            .path
        let own = FileManager.default.fileExists(atPath: modules) ? ["\(modules):/modules"] : []
        // Of the tools only what a test of the saver kernel wants, and what has something in memory where a kernel
        // was started with this by kexec.
        let saver = try initramfs(name + "-saver", own, ["TOOLS=alarms pattern"])
        let contents =
            own + ["\(kernel):/boot/vmlinuz-\(release)", "\(saver):/boot/initrd.img-\(release)"]
        return Files(kernel: kernel, initramfs: try initramfs(name, contents), contents: contents)
    }

    private static func debian(_ directory: String, as name: String) throws -> Files {
        let contents = ["\(directory)/modules:/modules"]
        return Files(
            kernel: directory + "/vmlinuz", initramfs: try initramfs(name, contents),
            contents: contents)
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

    /// What prepare/btrfs-root does to a copy of its disk.
    static func putOnBtrfs(_ disk: String) throws { _ = try prepare("btrfs-root", [disk]) }

    /// The path that prepare/newer-qemu prints.
    static let newerEmulator = Result { try prepare("newer-qemu", []) }

    /// The path that prepare/splash-disk prints.
    static let splashDisk = Result { try prepare("splash-disk", []) }

    private static let bookworm = Result { try makeInstalled(.bookworm) }
    private static let trixie = Result { try makeInstalled(.trixie) }

    /// The same of a Debian 13 with what this tool makes.
    static func installed(by tool: Tool) throws -> String {
        switch tool {
        case .mkinitcpio: try mkinitcpio.get()
        case .dracut: try dracut.get()
        }
    }

    private static let mkinitcpio = Result {
        try makeInstalled(by: .mkinitcpio, prepare("debian-root", ["trixie", "mkinitcpio"]))
    }
    private static let dracut = Result {
        try makeInstalled(by: .dracut, prepare("debian-root", ["trixie"]))
    }

    private static func makeInstalled(by tool: Tool, _ archive: String) throws -> String {
        guard let checkout = tool.checkout else {
            throw MachineError.notStarted(ENOENT, "\(tool.rawValue): no checkout is named")
        }
        let result = directory.appending(path: "debian-\(tool.rawValue)").path
        _ = try prepare(
            "debian-system",
            [result, prepare("test-kernel", []), archive, tool.rawValue, checkout])
        return result
    }

    private static func makeInstalled(_ suite: Suite) throws -> String {
        let result = directory.appending(path: "debian-\(suite.rawValue)").path
        _ = try prepare(
            "debian-system",
            [result, prepare("test-kernel", []), prepare("debian-root", [suite.rawValue])])
        return result
    }

    /// What is in the directory of prepare/debian-system.
    private static func files(_ directory: String, _ kernel: Kernel, _ kind: String) -> Files {
        Files(
            kernel: directory + "/vmlinuz-\(kernel.rawValue)",
            initramfs: directory + "/initrd-\(kernel.rawValue)-\(kind)")
    }

    /// Where initramfs images, disks and logs go.
    static let directory = Host.root.appending(path: "build/machines")

    /// - Parameter variables: see prepare/initramfs.
    private static func initramfs(
        _ name: String, _ contents: [String], kresume: String = Host.kresume,
        _ variables: [String] = []
    ) throws -> String {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let output = directory.appending(path: "initramfs-\(name)").path
        _ = try prepare("initramfs", variables + [output, "\(kresume):/bin/kresume"] + contents)
        return output
    }

    /// Runs one of Tests/Machines/prepare.
    private static func prepare(_ script: String, _ arguments: [String]) throws -> String {
        let path = Host.root.appending(path: "Tests/Machines/prepare/\(script)").path
        return try Host.run([path] + arguments, showsErrors: true)
            .trimmingCharacters(in: .newlines)
    }

    /// The same for what may not be there, which is said.
    private static func newest(_ script: String, _ arguments: [String]) throws -> String? {
        let path = try prepare(script, arguments)
        if !path.isEmpty { return path }
        print("Debian's archive has no kernel that is newer than 6.12: none is tested")
        return nil
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

extension System.Files? {
    fileprivate func orNone() throws -> System.Files {
        guard let self else {
            throw MachineError.notStarted(ENOENT, "a kernel that is newer than 6.12")
        }
        return self
    }
}
