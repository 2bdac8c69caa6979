// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import PhysicalMemory
import Synchronization
import SystemPackage
import Testing
import Threads

@testable import LinuxPlatform

/// What can be asked of any Linux, without privileges.
@Suite struct ThisMachineTests {
    @Test func kernel() throws {
        let kernel = try KernelInfo.running()
        #expect(kernel.machine == "x86_64")
        #expect(kernel.release == (try SystemFile.line("/proc/sys/kernel/osrelease")))
        #expect(PagingDepth.allCases.contains(try KernelInfo.pagingDepth()))
        let memory = try MemoryInfo.current()
        #expect(memory.total > memory.free && memory.free > 0)
        #expect(try Sysctl.value("kernel/ostype") == "Linux")
        #expect(try Sysctl.value("kernel/no_such_setting") == nil)
        #expect(throws: Never.self) { try Capabilities.effective() }
    }

    /// Whatever the answer, it is one, and nothing was loaded by asking.
    @Test func kexecProbe() throws {
        let loaded = try SystemFile.lineIfPresent("/sys/kernel/kexec_loaded")
        let unknown = Kexec.Flags(rawValue: 0x8000)
        let answer = try Kexec.support(.ownArchitecture)
        if answer == .supported {
            #expect(try Kexec.support([.ownArchitecture, unknown]) == .unknownFlag)
        } else {
            #expect(try Kexec.support([.ownArchitecture, unknown]) != .supported)
        }
        #expect(try SystemFile.lineIfPresent("/sys/kernel/kexec_loaded") == loaded)
    }

    @Test func everyIndexRunsOnce() {
        let seen = Mutex<[Int]>([])
        Parallel.run(9) { index in seen.withLock { $0.append(index) } }
        #expect(seen.withLock { $0.sorted() } == Array(0..<9))
        Parallel.run(0) { _ in seen.withLock { $0 = [] } }
        #expect(seen.withLock { $0.count } == 9)
        #expect(Parallel.usableCPUs >= 1)
    }

    /// Each waits for all the others: on one thread this would never end.
    @Test(.timeLimit(.minutes(1))) func theyRunAtTheSameTime() {
        let arrived = Atomic<Int>(0)
        let counter = Counter(arrived)
        Parallel.run(4) { _ in
            counter.value.add(1, ordering: .relaxed)
            while counter.value.load(ordering: .relaxed) < 4 {}
        }
        #expect(counter.value.load(ordering: .relaxed) == 4)
    }

    @Test func theFirstErrorIsThrown() {
        let ends = Counter(Atomic(0))
        #expect(throws: PlatformError.tooLarge(path: "3", limit: 3)) {
            try Parallel.run(5) { (index) throws(PlatformError) in
                ends.value.add(1, ordering: .relaxed)
                if index == 3 { throw .tooLarge(path: "3", limit: index) }
            }
        }
        #expect(ends.value.load(ordering: .relaxed) == 5)
    }

    private final class Counter: Sendable {
        let value: Atomic<Int>
        init(_ value: consuming Atomic<Int>) { self.value = value }
    }
}
