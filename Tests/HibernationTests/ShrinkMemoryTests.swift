// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// What of the page cache goes before there is an image.
@Suite struct ShrinkMemoryTests {
    /// What is done on a machine with 100 MiB, 60 of which are in use.
    private func deeds(
        limit: UInt64?, _ dropping: CacheDropping,
        _ change: (inout ScriptedMachine.Script) -> Void = { _ in }
    ) throws -> (deeds: [String], said: RecordedReport) {
        let machine = ScriptedMachine {
            $0.memory = MemoryInfo(total: 100 << 20, free: 40 << 20, available: 80 << 20)
        }
        machine.change(change)
        let recorded = RecordedReport()
        try ShrinkMemory(
            target: limit, dropping: dropping,
            cachedFiles: CachedFiles(machine, recorded.report), machine: machine,
            report: recorded.report
        ).run()
        return (machine.script.deeds, recorded)
    }

    @Test func nothingGoesWhereThereIsRoom() throws {
        #expect(try deeds(limit: 60 << 20, .all).deeds == [])
        #expect(try deeds(limit: 60 << 20, .oldest).deeds == [])
    }

    @Test func allOfIt() throws {
        #expect(try deeds(limit: nil, .all).deeds == ["sync", "drop page cache"])
    }

    /// What is to be read again is noted while it is there; and only then.
    @Test func whatIsInUseIsNotedBefore() throws {
        #expect(try deeds(limit: 60 << 20, .reread).deeds == [])
        #expect(
            try deeds(limit: nil, .reread).deeds
                == ["sync", "look at files in use", "drop page cache"])
    }

    /// The cache goes all the same.
    @Test func nothingIsNoted() throws {
        let (deeds, said) = try deeds(limit: nil, .reread) {
            $0.failures["filesInUse"] = .call(.opendir, path: "/proc", .permissionDenied)
        }
        #expect(deeds == ["sync", "look at files in use", "drop page cache"])
        #expect(said.contains("nothing is going to be read again: /proc: opendir"))
    }

    @Test func noMoreThanHasTo() throws {
        let (deeds, said) = try deeds(limit: nil, .oldest)
        #expect(deeds == ["sync", "reclaim \(20 << 20)"])
        #expect(said.contains("dropped 20 MiB of page cache"))
    }

    /// Where there is too little of it, or the kernel cannot do it.
    @Test func elseAllOfIt() throws {
        let all = ["sync", "reclaim \(20 << 20)", "drop page cache"]
        #expect(try deeds(limit: nil, .oldest) { $0.reclaimable = 10 << 20 }.deeds == all)
        let (deeds, _) = try deeds(limit: nil, .oldest) {
            $0.failures["reclaimPageCache"] = .call(.write, path: nil, .invalidArgument)
        }
        #expect(deeds == ["sync", "drop page cache"])
    }
}
