// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import Synchronization

/// The disks and machines of one test. When the test ends the machines are off and the disks
/// are gone; the consoles' logs stay below build/machines.
package final class Bench: Sendable {
    private let disks: URL
    private let logs: URL
    private let machines = Mutex<[Machine]>([])
    /// The processor time of those that are no longer among them.
    private let spent = Mutex(Duration.zero)

    /// Called with what the consoles show, as it comes.
    private let watch: (@Sendable (String) -> Void)?

    /// Where QEMU itself crashes or runs stale code, or a kernel hangs in its own hibernation, which an
    /// emulated processor makes them do now and then, all is done once more from the beginning, and that
    /// is said.
    package static func use<Result>(
        _ name: String, watch: (@Sendable (String) -> Void)? = nil,
        _ body: (Bench) throws -> Result
    ) throws -> Result {
        do { return try attempt(name, watch, body) } catch let error as MachineError {
            guard error.isTheEmulators else { throw error }
            print("\(name): \(error); once more from the beginning")
            return try attempt(name, watch, body)
        }
    }

    private static func attempt<Result>(
        _ name: String, _ watch: (@Sendable (String) -> Void)?, _ body: (Bench) throws -> Result
    ) throws -> Result {
        let bench = try Bench(name, watch: watch)
        let start = ContinuousClock.now
        defer {
            let used = bench.close()
            // Where the time of a run goes: a test's own time has its waiting for the others in it.
            if watch == nil {
                let seconds = (ContinuousClock.now - start).components.seconds
                print("\(name): \(seconds) s, \(used.components.seconds) s of a processor")
            }
        }
        return try body(bench)
    }

    private init(_ name: String, watch: (@Sendable (String) -> Void)?) throws {
        logs = System.directory.appending(path: name)
        disks = logs.appending(path: "disks")
        self.watch = watch
        try? FileManager.default.removeItem(at: logs)
        try FileManager.default.createDirectory(at: disks, withIntermediateDirectories: true)
    }

    /// - Returns: the processor time that all its machines took.
    private func close() -> Duration {
        for machine in machines.withLock({ $0 }) { machine.kill() }
        try? FileManager.default.removeItem(at: disks)
        return machines.withLock { $0.reduce(.zero) { $0 + $1.processorTime } }
            + spent.withLock { $0 }
    }

    /// Powers a machine on. Its log is `<name>.log`.
    package func start(_ name: String, _ configuration: Configuration) throws -> Machine {
        let machine = try Machine(
            name, configuration, log: logs.appending(path: "\(name).log"), watch: watch)
        machines.withLock { machines in
            let off = machines.filter(\.isOff)
            spent.withLock { $0 = off.reduce($0) { $0 + $1.processorTime } }
            machines.removeAll(where: \.isOff)
            machines.append(machine)
        }
        return machine
    }

    // MARK: Disks

    /// A disk of zeroes, MiB large; it takes space only where it is written.
    package func disk(_ name: String, size: Int) throws -> String {
        let path = disks.appending(path: name).path
        try Host.run(["truncate", "-s", "\(size)M", path])
        return path
    }

    /// Where the host may put a file that goes with the disks.
    package func scratch(_ name: String) -> String { disks.appending(path: name).path }

    /// A copy of a disk, of another test if it has no name of its own. No machine may be using it.
    package func copy(_ disk: Disk, as name: String? = nil) throws -> String {
        let path = disks.appending(path: name ?? URL(filePath: disk.path).lastPathComponent).path
        try Host.run(["cp", "--sparse=always", "--reflink=auto", disk.path, path])
        return path
    }

    /// A disk that is one swap area.
    package func swap(_ name: String = "swap", size: Int) throws -> String {
        let path = try disk(name, size: size)
        try Host.run(["mkswap", path])
        return path
    }

    /// A disk that is a swap area, and `behind` MiB that are nothing's.
    package func swap(_ name: String = "swap", size: Int, behind: Int) throws -> String {
        let path = try disk(name, size: size + behind)
        try Host.run(["mkswap", path, "\(size << 10)"])
        return path
    }

    /// A disk that is one ext4.
    package func ext4(_ name: String = "ext4", size: Int = 64) throws -> String {
        let path = try disk(name, size: size)
        try Host.run(["mkfs.ext4", "-q", path])
        return path
    }

    /// A disk that is one ext4 with the swap file `/swap` in it.
    ///
    /// - Returns: the disk, and where on it the swap file begins, in pages: `resume_offset=`.
    package func swapFile(
        _ name: String = "swap-file", size: Int
    ) throws -> (path: String, offset: UInt64) {
        let directory = disks.appending(path: "\(name).contents")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let file = directory.appending(path: "swap").path
        // Zeroes would become holes, and holes are no swap space.
        try Host.run(["sh", "-c", "yes | head -c \(size)M >\"$0\"", file])
        try Host.run(["mkswap", file])
        let path = try disk(name, size: size + 64)
        try Host.run(["mkfs.ext4", "-q", "-b", "4096", "-d", directory.path, path])
        try FileManager.default.removeItem(at: directory)
        let answer = try Host.run(["debugfs", "-R", "bmap /swap 0", path])
        guard let offset = UInt64(answer.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw MachineError.notStarted(ENOENT, "the swap file in \(path): \(answer)")
        }
        return (path, offset)
    }

    /// A disk that is one ext4 with some of the host's programs, and the libraries that they need, all in one
    /// directory.
    package func programs(_ names: [String]) throws -> String {
        let directory = disks.appending(path: "programs.contents").path
        try Host.run(
            [
                "sh", "-euc",
                """
                mkdir "$0"
                for name; do
                    program=$(command -v "${name}")
                    echo "${program}"
                    ldd "${program}" | grep -o '/[^ ]*'
                done | sort -u | xargs cp -L -t "$0"
                """, directory,
            ] + names)
        let path = try disk("programs", size: 64)
        try Host.run(["mkfs.ext4", "-q", "-d", directory, path])
        try FileManager.default.removeItem(atPath: directory)
        return path
    }

    /// A copy of the disk on which a Debian is installed: GPT, an ext4 with the system, a swap
    /// partition.
    package func installedDisk(_ suite: System.Suite = .bookworm) throws -> String {
        try systemDisk(System.installed(suite))
    }

    /// The same, where the system is on a btrfs.
    package func installedBtrfsDisk(_ suite: System.Suite) throws -> String {
        let path = try installedDisk(suite)
        try System.putOnBtrfs(path)
        return path
    }

    /// The same of a Debian with what this tool makes.
    package func installedDisk(by tool: System.Tool) throws -> String {
        try systemDisk(System.installed(by: tool))
    }

    /// A disk with what prepare/splash-disk makes.
    package func splashDisk() throws -> String {
        try copy(Disk(System.splashDisk.get()), as: "splash")
    }

    private func systemDisk(_ directory: String) throws -> String {
        let path = disks.appending(path: "system").path
        let original = directory + "/disk"
        try Host.run(["cp", "--sparse=always", "--reflink=auto", original, path])
        return path
    }

    /// A machine's own copy of OVMF's variable store.
    package func uefiVariables() throws -> String { try variables("OVMF_VARS_4M.fd") }

    /// The same with Secure Boot on, and the keys of somebody's own: those that Debian gives away.
    package func secureBootVariables() throws -> String {
        try variables("OVMF_VARS_4M.snakeoil.fd")
    }

    private func variables(_ name: String) throws -> String {
        let path = disks.appending(path: "variables").path
        try FileManager.default.copyItem(atPath: "/usr/share/OVMF/\(name)", toPath: path)
        return path
    }

    /// A copy of a kernel, signed with these keys.
    package func signed(_ kernel: String) throws -> String {
        let keys = "/usr/share/ovmf/PkKek-1-snakeoil"
        let key = scratch("key")
        let result = scratch("signed-kernel")
        try Host.run([
            "openssl", "rsa", "-in", "\(keys).key", "-passin", "pass:snakeoil", "-out", key,
        ])
        try Host.run(["sbsign", "--key", key, "--cert", "\(keys).pem", "--output", result, kernel])
        return result
    }

    /// Throws with e2fsck's words where the file system is not clean. The machine must be off.
    package func checkFileSystem(_ path: String) throws {
        try Host.run(["e2fsck", "-fn", path])
    }

    /// The same for the ext4 of ``installedDisk(_:)``. A root file system is not unmounted, so what
    /// its journal has is written first. e2fsck can do that to a file system of its own only.
    package func checkInstalledFileSystem(_ path: String) throws {
        try checkFileSystem(copyOfInstalledRoot(path))
    }

    /// The same for the btrfs of ``installedBtrfsDisk(_:)``.
    package func checkInstalledBtrfs(_ path: String) throws {
        try Host.run(["btrfs", "check", copyOfInstalledPartition(path)])
    }

    /// A copy of a file of an installed system, which must be off.
    package func fileOfInstalledSystem(_ file: String, on path: String) throws -> String {
        let root = try copyOfInstalledRoot(path)
        let copy = disks.appending(path: URL(filePath: file).lastPathComponent).path
        let answer = try Host.run(["debugfs", "-R", "dump \(file) \(copy)", root])
        try FileManager.default.removeItem(atPath: root)
        guard FileManager.default.fileExists(atPath: copy) else {
            throw MachineError.notStarted(ENOENT, "\(file) on \(path): \(answer)")
        }
        return copy
    }

    /// As the next mount would find it.
    private func copyOfInstalledRoot(_ path: String) throws -> String {
        let copy = try copyOfInstalledPartition(path)
        try Host.run(["e2fsck", "-y", "-E", "journal_only", copy])
        return copy
    }

    private func copyOfInstalledPartition(_ path: String) throws -> String {
        let copy = path + ".root"
        try Host.run([
            "dd", "if=\(path)", "of=\(copy)", "bs=1M", "skip=1", "count=1024", "conv=sparse",
            "status=none",
        ])
        return copy
    }

    /// Whether the next mount of an ext4 replays its journal, as far as the superblock on the disk
    /// says. A machine may be using it.
    package func needsRecovery(_ path: String) throws -> Bool {
        try Host.run(["dumpe2fs", "-h", path]).split(separator: "\n").contains {
            $0.hasPrefix("Filesystem features:") && $0.contains("needs_recovery")
        }
    }

    /// What a mount changes in the superblock of that ext4, be it for reading only: it is counted
    /// if the file system is mounted to be written to, and the journal is replayed in any case.
    package func mountRecord(_ path: String) throws -> [Substring] {
        try Host.run(["dumpe2fs", "-h", path + "?offset=1048576"]).split(separator: "\n").filter {
            ["Mount count:", "Last mount time:", "Filesystem features:"].contains(
                where: $0.hasPrefix)
        }
    }

    /// Keeps a disk beyond the test, beside its logs. The machine must be off.
    package func keep(_ path: String) throws -> String {
        let kept = logs.appending(path: URL(filePath: path).lastPathComponent).path
        try FileManager.default.moveItem(atPath: path, toPath: kept)
        return kept
    }

    /// The initramfs of `system` with further files, by their paths and with their contents.
    package func initramfs(of system: System, adding files: [String: String]) throws -> String {
        let directory = disks.appending(path: "added-\(UUID().uuidString)")
        for (name, contents) in files {
            let file = directory.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(contents.utf8).write(to: file)
        }
        let result = directory.path + ".initramfs"
        // The kernel unpacks one archive after the other.
        try Host.run([
            "sh", "-euc",
            """
            cd "$1" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet >"$3"
            cat "$2" >>"$3"
            """, "sh", directory.path, try system.files().initramfs, result,
        ])
        return result
    }

    // MARK: The circle

    /// Lets `machine` hibernate by `command`, which must end in a power-off; then powers the
    /// machine on again with `restore`, and waits for what `command` came to. The guest goes on
    /// in the machine that is returned.
    ///
    /// - Parameter whileOff: is done between the two.
    package func circle(
        _ machine: Machine, by command: String, restore: Configuration, as name: String,
        limit: Duration = .seconds(300), whileOff: () throws -> Void = {}
    ) throws -> (machine: Machine, reply: Reply) {
        let request = machine.send(command)
        try machine.waitForPowerOff(by: request, limit: limit)
        try whileOff()
        let back = try start(name, restore)
        return (back, try back.waitForReturn(of: request, limit: limit))
    }
}
