// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// One QEMU process: its three channels are sockets that it inherits, so nothing it says is lost
/// and nothing stays in the file system.
final class QEMUProcess: @unchecked Sendable {
    /// The descriptors by which QEMU knows its channels.
    static let descriptors: [(channel: Transcript.Channel, number: Int32)] = [
        (.console, 3), (.control, 4), (.monitor, 5),
    ]

    private let lock = NSLock()
    private var pid: pid_t?
    private let isGone = DispatchGroup()
    private var signal: Int32 = 0
    private var used = Duration.zero
    private var sockets: [Transcript.Channel: Descriptor] = [:]

    /// Starts QEMU, with its complaints going to the file `errors`, and the threads that listen.
    init(
        _ emulator: String, arguments: [String], errors: String,
        heard: @escaping @Sendable (Transcript.Channel, [UInt8]) -> Void,
        ended: @escaping @Sendable (Transcript.Channel) -> Void
    ) throws {
        var theirs: [(Descriptor, Int32)] = []
        for (channel, number) in Self.descriptors {
            var pair: [Int32] = [0, 0]
            guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
                throw MachineError.notStarted(errno, "socketpair")
            }
            sockets[channel] = Descriptor(moving: pair[0])
            theirs.append((Descriptor(moving: pair[1]), number))
        }

        // QEMU gets SIGKILL when the thread that started it ends; so that thread waits for it,
        // and no machine outlives the tests.
        let command = ["setpriv", "--pdeathsig", "KILL", "--", emulator] + arguments
        let started = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var failure: Int32 = 0
        let ends = theirs
        theirs = []
        isGone.enter()
        Thread.detachNewThread { [self] in
            defer { isGone.leave() }
            var child: pid_t = 0
            failure = Self.spawn(command, descriptors: ends, errors: errors, pid: &child)
            if failure == 0 { lock.withLock { pid = child } }
            started.signal()
            guard child != 0 else { return }
            // Without reaping, so that the number stays QEMU's until `kill` no longer uses it.
            var information = siginfo_t()
            while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) == -1, errno == EINTR
            {}
            lock.withLock { pid = nil }
            var status: Int32 = 0
            var usage = rusage()
            wait4(child, &status, 0, &usage)
            lock.withLock {
                signal = status & 0x7f
                used = Self.duration(usage.ru_utime) + Self.duration(usage.ru_stime)
            }
        }
        started.wait()
        guard failure == 0 else { throw MachineError.notStarted(failure, command[0]) }

        for (channel, descriptor) in sockets {
            Thread.detachNewThread {
                var buffer = [UInt8](repeating: 0, count: 65536)
                while true {
                    let count = read(descriptor.number, &buffer, buffer.count)
                    if count == -1, errno == EINTR { continue }
                    if count <= 0 { break }
                    heard(channel, Array(buffer[..<count]))
                }
                ended(channel)
            }
        }
    }

    deinit { kill() }

    /// Says `text` on a channel. A machine that is gone does not hear it; waiting will tell.
    func write(_ text: String, to channel: Transcript.Channel) {
        guard let descriptor = sockets[channel] else { return }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count == -1, errno == EINTR { continue }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Cuts the power.
    func kill() { end(by: SIGKILL) }

    /// Ends as by a fault of its own.
    func crash() { end(by: SIGSEGV) }

    private func end(by signal: Int32) {
        lock.withLock {
            if let pid { _ = Glibc.kill(pid, signal) }
        }
    }

    /// The signal by which QEMU itself crashed; nil where it ended in another way. Waits for its end.
    var crashSignal: Int32? {
        isGone.wait()
        let signal = lock.withLock { self.signal }
        return [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE].contains(signal) ? signal : nil
    }

    /// The processor time that it has taken so far.
    var processorTimeSoFar: Duration {
        lock.withLock {
            guard let pid else { return used }
            var clock: clockid_t = 0
            var time = timespec()
            guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else {
                return used
            }
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
    }

    /// The processor time that it took. Waits for its end.
    var processorTime: Duration {
        isGone.wait()
        return lock.withLock { used }
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(time.tv_sec) + .microseconds(time.tv_usec)
    }

    private static func spawn(
        _ command: [String], descriptors: [(Descriptor, Int32)], errors: String,
        pid: inout pid_t
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        for (from, to) in descriptors {
            posix_spawn_file_actions_adddup2(&actions, from.number, to)
        }
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        return posix_spawnp(&pid, command[0], &actions, nil, &arguments, environ)
    }
}

/// A file descriptor, open as long as someone holds it.
private final class Descriptor: Sendable {
    let number: Int32

    /// Moves it above the numbers that QEMU will know, and closes it in every child.
    init(moving descriptor: Int32) {
        number = fcntl(descriptor, F_DUPFD_CLOEXEC, 100)
        close(descriptor)
    }

    deinit { close(number) }
}
