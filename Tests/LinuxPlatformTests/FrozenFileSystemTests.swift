// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import LinuxPlatform

/// What becomes of a file system that is to be frozen, without freezing any of this machine's.
@Suite struct FrozenFileSystemTests {
    private let isFrozen = Flag()

    private final class Flag: Sendable {
        private let state = Mutex(false)
        var value: Bool {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    private func fileSystem(
        _ freeze: @escaping @Sendable (CInt) -> CInt
    ) throws -> OpenFileSystem {
        let isFrozen = isFrozen
        return try OpenFileSystem(
            "/",
            OpenFileSystem.Calls(freeze: freeze) { _ in
                if !isFrozen.value {
                    errno = EINVAL
                    return -1
                }
                isFrozen.value = false
                return 0
            })
    }

    private func freeze(
        _ fileSystem: OpenFileSystem, milliseconds: Int = 10_000, whenLate: () -> Void = {}
    ) -> Errno? {
        do throws(PlatformError) {
            try FileSystems.freeze(
                fileSystem, milliseconds: milliseconds, whenLate: whenLate)
        } catch { return error.number }
        return nil
    }

    @Test func frozenAndThawed() throws {
        let isFrozen = isFrozen
        let fileSystem = try fileSystem { _ in
            isFrozen.value = true
            return 0
        }
        #expect(freeze(fileSystem) == nil)
        #expect(isFrozen.value)
        #expect(try fileSystem.thawIfFrozen())
        #expect(!isFrozen.value)
        // By somebody else, for instance by sysrq-j.
        #expect(try !fileSystem.thawIfFrozen())
        #expect(throws: Never.self) { try fileSystem.thaw() }
    }

    @Test(arguments: [Errno.resourceBusy, .notSupportedOnSocket])
    func refused(error: Errno) throws {
        let fileSystem = try fileSystem { _ in
            errno = error.rawValue
            return -1
        }
        #expect(freeze(fileSystem) { Issue.record("it was not late") } == error)
    }

    /// It waited for one that was frozen before it.
    @Test func lateUntilOthersAreThawed() throws {
        let others = DispatchSemaphore(value: 0)
        let isFrozen = isFrozen
        let fileSystem = try fileSystem { _ in
            others.wait()
            isFrozen.value = true
            return 0
        }
        #expect(freeze(fileSystem, milliseconds: 1000) { others.signal() } == .deadlock)
        #expect(!isFrozen.value)
    }

    @Test func lateForEver() throws {
        let end = DispatchSemaphore(value: 0)
        let fileSystem = try fileSystem { _ in
            end.wait()
            return 0
        }
        let isTold = Flag()
        #expect(freeze(fileSystem, milliseconds: 10) { isTold.value = true } == .timedOut)
        #expect(isTold.value)
        end.signal()
    }

    /// Of mounts of this machine, without touching them.
    @Test func anotherOneOverTheMountPoint() throws {
        let mount = try #require(Mounts.current().first { $0.mountPoint == "/proc" })
        #expect(throws: Never.self) { try OpenFileSystem("/proc", mount.number) }
        let other = DeviceNumber(major: 4095, minor: 1)
        #expect(throws: PlatformError.call(.open, path: "/proc", .improperLink)) {
            try OpenFileSystem("/proc", other)
        }
        #expect(try !FileSystems.thaw("/proc", other))
        #expect(try !FileSystems.thaw("/proc/none", other))
    }
}
