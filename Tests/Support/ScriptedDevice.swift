// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import LinuxPlatform
import Synchronization
import SystemPackage

/// What a scripted machine has at a path in /dev: a file, whose transfers may fail.
package final class ScriptedDevice: Sendable {
    /// Nil for a file.
    package let number: DeviceNumber?
    package let isReadOnly: Bool
    package let holders: [String]
    package let faults: Faults
    package let file: FilePath

    package init(
        _ bytes: [UInt8], number: DeviceNumber?, isReadOnly: Bool = false, holders: [String] = [],
        faults: Faults = Faults()
    ) throws {
        self.number = number
        self.isReadOnly = isReadOnly
        self.holders = holders
        self.faults = faults
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("scripted-device-\(UUID().uuidString)")
        try Data(bytes).write(to: url)
        file = FilePath(url.path)
    }

    deinit { try? FileManager.default.removeItem(atPath: file.string) }

    /// What is on it now.
    package var bytes: [UInt8] {
        (FileManager.default.contents(atPath: file.string)).map { Array($0) } ?? []
    }

    /// The same contents, without faults.
    package func copy() throws -> ScriptedDevice {
        try ScriptedDevice(bytes, number: number, isReadOnly: isReadOnly, holders: holders)
    }

    package func open(_ path: FilePath, _ access: BlockDevice.Access) throws(PlatformError)
        -> BlockDevice
    {
        try BlockDevice(
            path, backedBy: file, number: number, isReadOnly: isReadOnly,
            calls: access == .rehearsal ? faults.calls.withoutWriting : faults.calls)
    }
}

/// Which of a device's transfers fail, and how.
package final class Faults: Sendable {
    package enum Fault: Sendable {
        case error(Errno)
        /// The call moves at most so many bytes.
        case short(Int)
    }

    package enum Call: Hashable, Sendable { case read, write, flush }

    private struct State {
        var plan: [Call: [Int: Fault]] = [:]
        var always: [Call: Fault] = [:]
        var counts: [Call: Int] = [:]
        var whenCalled: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// The `number`-th call of this kind, counted from 1, from now on.
    package func add(_ fault: Fault, at number: Int, of call: Call) {
        state.withLock { $0.plan[call, default: [:]][$0.counts[call, default: 0] + number] = fault }
    }

    /// Every call of this kind.
    package func add(_ fault: Fault, always call: Call) {
        state.withLock { $0.always[call] = fault }
    }

    /// How many calls of this kind there were.
    package func count(_ call: Call) -> Int { state.withLock { $0.counts[call, default: 0] } }

    /// Happens before each call.
    package func tell(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.whenCalled = body }
    }

    private func next(_ call: Call) -> Fault? {
        state.withLock { $0.whenCalled }?()
        return fault(at: call)
    }

    private func fault(at call: Call) -> Fault? {
        state.withLock { state in
            let number = state.counts[call, default: 0] + 1
            state.counts[call] = number
            return state.plan[call]?[number] ?? state.always[call]
        }
    }

    private func run(
        _ call: Call, _ count: Int, _ body: (_ count: Int) -> Int
    ) -> Int {
        switch next(call) {
        case .error(let error):
            errno = error.rawValue
            return -1
        case .short(let limit): return body(min(limit, count))
        case nil: return body(count)
        }
    }

    var calls: DeviceCalls {
        DeviceCalls(
            pread: { [self] fd, bytes, count, offset in
                run(.read, count) { DeviceCalls.system.pread(fd, bytes, $0, offset) }
            },
            preadv: { [self] fd, vectors, offset in
                let size = vectors.reduce(0) { $0 + $1.iov_len }
                return run(.read, size) { limit in
                    var left = limit
                    var cut: [iovec] = []
                    for vector in vectors where left > 0 {
                        let count = min(vector.iov_len, left)
                        cut.append(iovec(iov_base: vector.iov_base, iov_len: count))
                        left -= count
                    }
                    return DeviceCalls.system.preadv(fd, cut, offset)
                }
            },
            pwrite: { [self] fd, bytes, count, offset in
                run(.write, count) { DeviceCalls.system.pwrite(fd, bytes, $0, offset) }
            },
            // What a test reads back need not be on the disk.
            fdatasync: { [self] _ in CInt(run(.flush, 0) { _ in 0 }) })
    }
}
