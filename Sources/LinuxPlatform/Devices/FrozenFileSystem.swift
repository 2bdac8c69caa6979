// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage
import Threads

/// A file system that takes no writes for a while: what was written is on the disk, and its journal
/// is empty.
package protocol FrozenFileSystem: AnyObject, Sendable {
    /// It takes writes again. One that does already is no error.
    func thaw() throws(PlatformError)
}

/// Freezing mounted file systems, and thawing them. Whoever writes to a frozen one waits; reading
/// goes on. Needs CAP_SYS_ADMIN.
package enum FileSystems {
    /// Writes out what there is, and freezes. The corresponding ioctl is `FIFREEZE`.
    ///
    /// Throws EBUSY where somebody else has frozen it, EOPNOTSUPP for a kind that cannot be, EXDEV
    /// where another file system lies over its mount point.
    ///
    /// This waits for everybody who is writing at the moment, and no signal ends it. Who waits for
    /// something that is frozen already would wait for ever: a file system in a file of another one.
    /// So if it takes long `whenLate` is called, which is to thaw what was frozen before. If that
    /// helps, this one is not left frozen, and EDEADLK thrown; if not, ETIMEDOUT, and then a thread
    /// is left that still waits.
    package static func freeze(
        _ mount: Mount, whenLate: () -> Void
    ) throws(PlatformError) -> any FrozenFileSystem {
        let fileSystem = try OpenFileSystem(mount.mountPoint, mount.number)
        try freeze(fileSystem, milliseconds: 10_000, whenLate: whenLate)
        return fileSystem
    }

    static func freeze(
        _ fileSystem: OpenFileSystem, milliseconds: Int, whenLate: () -> Void
    ) throws(PlatformError) {
        let outcome = Monitor<Errno??>(nil)
        let work = Future {
            let result = fileSystem.freeze()
            let error = errno
            outcome.change { $0 = .some(result == 0 ? nil : Errno(rawValue: error)) }
        }
        if let error = outcome.wait(milliseconds: milliseconds, until: { $0 }) {
            if let error { throw .call(.freeze, path: fileSystem.path, error) }
            return
        }
        whenLate()
        guard let error = outcome.wait(milliseconds: milliseconds, until: { $0 }) else {
            // Whoever lets go of the thread waits for it.
            _ = Unmanaged.passRetained(work)
            throw .call(.freeze, path: fileSystem.path, .timedOut)
        }
        if let error { throw .call(.freeze, path: fileSystem.path, error) }
        try fileSystem.thaw()
        throw .call(.freeze, path: fileSystem.path, .deadlock)
    }

    /// Thaws the file system `number`, if it is mounted there. The corresponding ioctl is `FITHAW`.
    ///
    /// - Returns: whether it was frozen.
    package static func thaw(
        _ mountPoint: FilePath, _ number: DeviceNumber
    ) throws(PlatformError) -> Bool {
        let fileSystem: OpenFileSystem
        do { fileSystem = try OpenFileSystem(mountPoint, number) } catch {
            if error.number == .noSuchFileOrDirectory || error.number == .improperLink {
                return false
            }
            throw error
        }
        return try fileSystem.thawIfFrozen()
    }
}

/// Its mount point, open: to open it later might mean to wait for it.
final class OpenFileSystem: FrozenFileSystem {
    /// The two system calls, as values: no test may make them.
    struct Calls: Sendable {
        var freeze: @Sendable (CInt) -> CInt = { linux_freeze($0) }
        var thaw: @Sendable (CInt) -> CInt = { linux_thaw($0) }
    }

    let path: FilePath
    private let descriptor: OwnedDescriptor
    private let calls: Calls

    init(_ mountPoint: FilePath, _ number: DeviceNumber) throws(PlatformError) {
        path = mountPoint
        calls = Calls()
        descriptor = try OwnedDescriptor(open: mountPoint, O_RDONLY | O_DIRECTORY)
        guard try Mounts.fileSystem(of: descriptor) == number else {
            throw .call(.open, path: mountPoint, .improperLink)
        }
    }

    /// Whatever it is.
    init(_ path: FilePath, _ calls: Calls) throws(PlatformError) {
        self.path = path
        self.calls = calls
        descriptor = try OwnedDescriptor(open: path, O_RDONLY | O_DIRECTORY)
    }

    fileprivate func freeze() -> CInt { calls.freeze(descriptor.rawValue) }

    func thaw() throws(PlatformError) { _ = try thawIfFrozen() }

    func thawIfFrozen() throws(PlatformError) -> Bool {
        do { try systemCall(.thaw, path) { calls.thaw(descriptor.rawValue) } } catch {
            // `thaw_super_locked`, fs/super.c, Linux 6.12.
            if error.number == .invalidArgument { return false }
            throw error
        }
        return true
    }
}
