// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Another process that does some of this one's work, and says how it gets on.
package protocol Worker: AnyObject, Sendable {
    /// What it says next, its end, or a key that was pressed meanwhile: a key comes first.
    ///
    /// - Parameters:
    ///   - milliseconds: how long to wait for it.
    ///   - keys: where such keys are looked for.
    func next(milliseconds: Int, keys: KeySources) throws(PlatformError) -> WorkerEvent
    /// Says something to it.
    func tell(_ bytes: [UInt8]) throws(PlatformError)
    /// Ends it, whatever it does. It may be gone later than this returns.
    func kill()
}

package enum WorkerEvent: Hashable, Sendable {
    case said([UInt8])
    case silent
    case key(CancelKey)
    /// How: "exit status 1", "signal 9".
    case ended(String)
}

/// This program, run once more. Two pipes lead to it, and not a socket: a saver kernel may have
/// none.
package final class WorkerProcess: Worker {
    /// The worker's ends of the pipes, in the worker: what it says, and what it hears.
    private static let mouth: CInt = 3
    private static let ear: CInt = 4
    private static let program: FilePath = "/proc/self/exe"

    private let process: pid_t
    private let heard: OwnedDescriptor
    private let told: OwnedDescriptor
    private let keys = CancelKeys()

    /// The corresponding C function is `posix_spawn`.
    package init(_ arguments: [String]) throws(PlatformError) {
        signal(SIGPIPE, SIG_IGN)
        let fromWorker = try Pipe()
        let toWorker = try Pipe()

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The later pipe has the higher numbers, so that neither is overwritten before it is used.
        posix_spawn_file_actions_adddup2(&actions, fromWorker.write.rawValue, Self.mouth)
        posix_spawn_file_actions_adddup2(&actions, toWorker.read.rawValue, Self.ear)
        process = try OtherProgram.start(Self.program, ["kresume"] + arguments, &actions)
        heard = fromWorker.read
        told = toWorker.write
    }

    package func next(
        milliseconds: Int, keys sources: KeySources
    ) throws(PlatformError) -> WorkerEvent {
        let end = Uptime.nanoseconds() + UInt64(milliseconds) * 1_000_000
        while true {
            let now = Uptime.nanoseconds()
            let left = end > now ? Int((end - now) / 1_000_000) + 1 : 0
            keys.watch(sources)
            var descriptors = [pollfd(fd: heard.rawValue, events: Int16(POLLIN), revents: 0)]
            descriptors += keys.descriptors
            let limit = CInt(min(left, keys.patience))
            try systemCall(.poll) { poll(&descriptors, nfds_t(descriptors.count), limit) }
            if let key = keys.pressed() { return .key(key) }
            if descriptors[0].revents != 0 { return try hear() }
            if left == 0 { return .silent }
        }
    }

    private func hear() throws(PlatformError) -> WorkerEvent {
        let number = heard.rawValue
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = try systemCall(.read) { read(number, &bytes, bytes.count) }
        if count > 0 { return .said(Array(bytes[..<count])) }
        var status: CInt = 0
        try systemCall(.wait) { waitpid(process, &status, 0) }
        // The macros WIFEXITED, WEXITSTATUS and WTERMSIG of <sys/wait.h>.
        let signal = status & 0x7f
        return .ended(signal == 0 ? "exit status \(status >> 8 & 0xff)" : "signal \(signal)")
    }

    package func tell(_ bytes: [UInt8]) throws(PlatformError) {
        try Self.write(bytes, to: told.rawValue)
    }

    package func kill() { _ = Glibc.kill(process, SIGKILL) }

    /// In the worker: says something. Throws EPIPE where nobody is left to hear it.
    package static func say(_ bytes: [UInt8]) throws(PlatformError) {
        signal(SIGPIPE, SIG_IGN)
        try write(bytes, to: mouth)
    }

    /// In the worker: waits for what it is told. Empty where nobody is left to say anything.
    package static func hear() throws(PlatformError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = try systemCall(.read) { read(ear, &bytes, bytes.count) }
        return Array(bytes[..<count])
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt) throws(PlatformError) {
        let count = try systemCall(.write) { Glibc.write(descriptor, bytes, bytes.count) }
        if count != bytes.count { throw .call(.write, path: nil, .brokenPipe) }
    }
}

/// Both ends are closed in a program that is started.
private struct Pipe: ~Copyable {
    let read: OwnedDescriptor
    let write: OwnedDescriptor

    init() throws(PlatformError) {
        var ends: [CInt] = [-1, -1]
        try systemCall(.pipe) { Glibc.pipe(&ends) }
        read = OwnedDescriptor(adopting: ends[0])
        write = OwnedDescriptor(adopting: ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }
}
