// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Another process that does some of this one's work, and says how it gets on.
package protocol Worker: AnyObject, Sendable {
    /// What it says next, or its end.
    ///
    /// - Parameter milliseconds: how long to wait for it.
    func next(milliseconds: Int) throws(PlatformError) -> WorkerEvent
    /// Ends it, whatever it does. It may be gone later than this returns.
    func kill()
}

package enum WorkerEvent: Hashable, Sendable {
    case said([UInt8])
    case silent
    /// How: "exit status 1", "signal 9".
    case ended(String)
}

/// This program, run once more. What it writes to ``descriptor`` is what it says.
package final class WorkerProcess: Worker {
    /// The worker's end of the pipe, in the worker.
    private static let descriptor: CInt = 3
    private static let program: FilePath = "/proc/self/exe"

    private let process: pid_t
    private let pipe: OwnedDescriptor

    /// The corresponding C function is `posix_spawn`.
    package init(_ arguments: [String]) throws(PlatformError) {
        var ends: [CInt] = [-1, -1]
        try systemCall(.pipe) { Glibc.pipe(&ends) }
        pipe = OwnedDescriptor(adopting: ends[0])
        let theirs = OwnedDescriptor(adopting: ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, theirs.rawValue, Self.descriptor)
        var words = (["kresume"] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process: pid_t = 0
        let failure = Self.program.withPlatformString {
            posix_spawn(&process, $0, &actions, nil, words, environ)
        }
        if failure != 0 { throw .call(.spawn, path: nil, Errno(rawValue: failure)) }
        self.process = process
    }

    package func next(milliseconds: Int) throws(PlatformError) -> WorkerEvent {
        let number = pipe.rawValue
        var poll = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        let isReady = try systemCall(.poll) { Glibc.poll(&poll, 1, CInt(milliseconds)) }
        if isReady == 0 { return .silent }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = try systemCall(.read) { read(number, &bytes, bytes.count) }
        if count > 0 { return .said(Array(bytes[..<count])) }
        var status: CInt = 0
        try systemCall(.wait) { waitpid(process, &status, 0) }
        // The macros WIFEXITED, WEXITSTATUS and WTERMSIG of <sys/wait.h>.
        let signal = status & 0x7f
        return .ended(signal == 0 ? "exit status \(status >> 8 & 0xff)" : "signal \(signal)")
    }

    package func kill() { _ = Glibc.kill(process, SIGKILL) }

    /// In the worker: says something. Throws EPIPE where nobody is left to hear it.
    package static func say(_ bytes: [UInt8]) throws(PlatformError) {
        signal(SIGPIPE, SIG_IGN)
        let count = try systemCall(.write) { write(descriptor, bytes, bytes.count) }
        if count != bytes.count { throw .call(.write, path: nil, .brokenPipe) }
    }
}
