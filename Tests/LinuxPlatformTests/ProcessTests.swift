// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage
import TestSupport
import Testing
import Threads

@testable import LinuxPlatform

/// Signals, and what a process leaves for the next one.
@Suite(.serialized) struct ProcessTests {
    @Test(.timeLimit(.minutes(1))) func aSignalWaitsUntilItIsLookedAt() throws {
        // What is held back is held back from this thread alone.
        let seen = Future { () -> [Signal?] in
            Signals.holdBack()
            var seen = [Signals.pending()]
            for signal in Signal.allCases {
                pthread_kill(pthread_self(), signal.number)
                seen.append(Signals.pending())
                take(signal.number)
            }
            return seen + [Signals.pending()]
        }
        #expect(try seen.value() == [nil, .interrupt, .terminate, .hangUp, nil])
    }

    @Test(.timeLimit(.minutes(1))) func whatIsIgnoredStaysIgnored() throws {
        let before = signal(SIGHUP, SIG_IGN)
        defer { _ = signal(SIGHUP, before) }
        let seen = Future { () -> Signal? in
            Signals.holdBack()
            pthread_kill(pthread_self(), SIGHUP)
            return Signals.pending()
        }
        #expect(try seen.value() == nil)
    }

    @Test func aPipeThatIsGoneIsAnError() throws {
        let before = signal(SIGPIPE, SIG_DFL)
        defer { _ = signal(SIGPIPE, before) }
        let written = Future { () -> Int in
            Signals.holdBack()
            var ends: [CInt] = [0, 0]
            pipe(&ends)
            close(ends[0])
            defer { close(ends[1]) }
            return write(ends[1], "x", 1)
        }
        #expect(try written.value() == -1)
    }

    private func take(_ number: CInt) {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        var taken: CInt = 0
        sigwait(&set, &taken)
    }

    /// It would never end.
    @Test(.timeLimit(.minutes(1))) func aCallIsGivenUp() {
        #expect(throws: PlatformError.call(.swapoff, path: "/dev/x", .interrupted)) {
            try InterruptibleCall.run(.swapoff, "/dev/x", unless: { true }, { pause() })
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCallThatIsWantedGoesOn() throws {
        // It ends when it has been asked about for the third time.
        let asked = Monitor(0)
        try InterruptibleCall.run(
            .swapoff, "/dev/x",
            unless: {
                asked.change { $0 += 1 }
                return false
            },
            {
                asked.wait { $0 >= 3 ? () : nil }
                return 0
            })
        #expect(throws: PlatformError.call(.swapoff, path: "/dev/x", .notPermitted)) {
            try InterruptibleCall.run(
                .swapoff, "/dev/x", unless: { false },
                {
                    errno = EPERM
                    return -1
                })
        }
    }

    @Test func thisProcessRuns() throws {
        var process = try ProcessIdentity.current()
        #expect(process.number == getpid() && process.isRunning)
        process.startTime += 1
        #expect(!process.isRunning)
    }

    @Test(
        arguments: [
            ("S", UInt64(77)), ("D", 77), ("Z", nil), ("X", nil),
        ] as [(String, UInt64?)])
    func startTime(state: String, expected: UInt64?) {
        let rest = (4..<22).map(String.init).joined(separator: " ")
        #expect(
            ProcessIdentity.startTime(stat: "12 (a) b (c) \(state) \(rest) 77 23 24") == expected)
        #expect(ProcessIdentity.startTime(stat: "12 (a) \(state) 4 5") == nil)
        #expect(ProcessIdentity.startTime(stat: "") == nil)
    }

    @Test func aFileInRun() throws {
        let tree = try TemporaryTree()
        let directory = tree.root.appending("kresume")
        let file = RuntimeFile("undo", in: directory)
        #expect(try file.read(limit: 100) == nil)
        try file.remove()
        try file.replace(with: [1, 2])
        // One that another process could not finish.
        try tree.write([9, 9, 9, 9], to: "kresume/undo.new")
        try file.replace(with: [3])
        #expect(try file.read(limit: 100) == [3])
        #expect(try stat(directory).st_mode & 0o777 == 0o700)
        #expect(try stat(directory.appending("undo")).st_mode & 0o777 == 0o600)
        #expect(throws: PlatformError.self) { try file.read(limit: 0) }
        try file.remove()
        #expect(try file.read(limit: 100) == nil && !SystemFile.exists(directory))
    }

    @Test func withoutRunThereIsNoFile() throws {
        let tree = try TemporaryTree()
        let file = RuntimeFile("undo", in: tree.root.appending("run/kresume"))
        do { try file.replace(with: [1]) } catch {
            #expect(error.number == .noSuchFileOrDirectory)
            return
        }
        Issue.record("it was written")
    }

    /// A thread of its own: where it may run is its own matter.
    @Test func theFirstCPUIsLeftForAWhile() throws {
        let allowed = Future { () -> [String] in
            let before = cpus()
            FirstCPU.usingUpItsPages {}
            FirstCPU.allowAgain()
            return [before, cpus()]
        }
        #expect(try Set(allowed.value()).count == 1)
    }

    private func cpus() -> String {
        let text = (try? SystemFile.text("/proc/thread-self/status")) ?? ""
        return String(text.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") } ?? "")
    }
}

@Suite struct SwapDiscardTests {
    private static let log = """
        <6>[    1.000000] Adding 8k swap on /dev/sda2.  Priority:-2 extents:1 across:8k SSDsc
        <6>[    1.500000] Adding 8k swap on /dev/sdb2.  Priority:5 extents:1 across:8k SS
        <5>[    2.000000] Adding something else
        <6>[ 1234.000000] Adding 8k swap on /dev/sda3.  Priority:-3 extents:1 across:8k Dc
        <6>[ 1235.000000] Adding 8k swap on /dev/sda4.  Priority:-4 extents:1 across:8k DsFS
        <6>[ 1235.000000] Adding 8k swap on /dev/sda5.  Priority:-5 extents:1 across:8k
        <6>[ 1236.000000] Adding 8k swap on /dev/sdb2.  Priority:5 extents:1 across:8k SSDs
        <6>Adding 8k swap on /dev/sda6.  Priority:5 extents:1 across:8k Dc

        """

    @Test(
        arguments: [
            ("/dev/sda2", SwapDiscard.both), ("/dev/sda3", .pages), ("/dev/sda4", .once),
            ("/dev/sda5", SwapDiscard.none), ("/dev/sda6", .pages), ("/dev/sdb2", .once),
            ("/dev/sdc1", nil),
        ] as [(String, SwapDiscard?)])
    func log(path: String, discard: SwapDiscard?) {
        #expect(Swaps.discard(log: Self.log) { $0 == path } == discard)
    }

    /// include/linux/swap.h.
    @Test func flags() {
        let discards: [SwapDiscard] = [.none, .once, .pages, .both]
        #expect(discards.map(\.flags) == [0, 0x30000, 0x50000, 0x10000])
    }
}
