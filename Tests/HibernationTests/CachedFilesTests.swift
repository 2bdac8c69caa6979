// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// What comes into the page cache again after it was dropped.
@Suite struct CachedFilesTests {
    private static let library = ScriptedFile("library", .program, 0..<10, 20..<1000)
    private static let fonts = ScriptedFile("fonts", .mapped, 5..<6)
    private static let journal = ScriptedFile("journal", .open, 0..<4)

    /// A machine with 1 GiB, most of it free again when 100 MiB of page cache are dropped.
    private func machine(
        _ files: [ScriptedFile], _ change: (inout ScriptedMachine.Script) -> Void = { _ in }
    ) -> ScriptedMachine {
        ScriptedMachine {
            $0.memory = MemoryInfo(total: 1 << 30, free: 700 << 20, available: 900 << 20)
            $0.filesInUse = files
            $0.droppable = 100 << 20
            change(&$0)
        }
    }

    /// What is read on such a machine, once its cache was dropped.
    ///
    /// - Parameter meanwhile: happens between the two.
    private func read(
        _ machine: ScriptedMachine, _ recorded: RecordedReport = RecordedReport(),
        meanwhile: (ScriptedMachine) -> Void = { _ in }
    ) throws -> [String] {
        let files = CachedFiles(machine, recorded.report)
        try ShrinkMemory(
            target: 0, dropping: .reread, cachedFiles: files, machine: machine,
            report: recorded.report
        ).run()
        meanwhile(machine)
        files.readAgain()
        return machine.script.deeds.filter { $0.hasPrefix("read ") }
    }

    @Test func programsFirst() throws {
        let recorded = RecordedReport()
        let all = machine([Self.journal, Self.fonts, Self.library])
        #expect(
            try read(all, recorded) == [
                "read library 0..<10", "read library 20..<1000", "read fonts 5..<6",
                "read journal 0..<4",
            ])
        #expect(recorded.contains("noted 4 MiB of 3 files that programs have in use"))
    }

    /// Many small files are noted before a large one, in which it takes long to look.
    @Test func theSmallestFirst() throws {
        let large = ScriptedFile("large", .open, size: 1 << 40, 0..<1)
        #expect(try read(machine([large, Self.journal])).first == "read journal 0..<4")
    }

    /// What processes have in their page tables.
    @Test func whatStayedIsNotRead() throws {
        var file = Self.library
        file.staying = [0..<2, 4..<5, 9..<22, 29..<1001]
        #expect(
            try read(machine([file])) == [
                "read library 2..<4", "read library 5..<9", "read library 22..<29",
            ])
        file.staying = file.cached
        #expect(try read(machine([file])) == [])
    }

    /// Were nothing dropped, nothing would have to come back.
    @Test func noMoreThanWasDropped() throws {
        let large = ScriptedFile("large", .program, 0..<25600)
        let pieces = try read(machine([large, Self.journal]) { $0.droppable = 10 << 20 })
        #expect(pieces == ["read large 0..<2048", "read large 2048..<2560"])
        #expect(try read(machine([large]) { $0.droppable = 0 }) == [])
    }

    /// 80 MiB are free, and a sixteenth of 1 GiB is to stay.
    @Test func freeMemoryIsNotUsedUp() throws {
        let large = ScriptedFile("large", .program, 0..<20480)
        let pieces = try read(machine([large, Self.journal])) {
            $0.change { $0.memory.free = 80 << 20 }
        }
        #expect(pieces == ["read large 0..<2048", "read large 2048..<4096"])
    }

    /// Neither takes longer than its time, and what was noted by then is read.
    @Test func timeEnds() throws {
        let slow = machine([Self.library, Self.fonts, Self.journal]) {
            $0.whenCalled = { machine, _ in machine.change { $0.uptime += 3_000_000_000 } }
        }
        // The look at files, a signal, a file, another.
        #expect(try read(slow) == [])
        let large = ScriptedFile("large", .program, 0..<20480)
        let disk = machine([large])
        let pieces = try read(disk) {
            $0.change {
                $0.whenCalled = { machine, _ in machine.change { $0.uptime += 1_000_000_000 } }
            }
        }
        #expect(!pieces.isEmpty && pieces.count < 6, "\(pieces)")
    }

    @Test func whatCannotBeReadIsPassedOver() throws {
        var bad = Self.fonts
        bad.failure = .call(.mincore, path: "/fonts", .ioError)
        let recorded = RecordedReport()
        #expect(
            try read(machine([bad, Self.journal]), recorded) == ["read journal 0..<4"])
        #expect(!recorded.contains("/fonts"))
    }

    /// Not looked at any more, or not read.
    @Test func aSignalEndsIt() throws {
        let files = [Self.library, Self.journal]
        let early = machine(files) {
            $0.deeds = ["hold signals back"]
            $0.whenCalled = { machine, _ in
                let looks = machine.script.deeds.contains("look at files in use")
                if looks { machine.change { $0.signal = .interrupt } }
            }
        }
        #expect(throws: MachineError.self) { try read(early) }
        #expect(!early.script.deeds.contains("drop page cache"))
        let late = machine(files) { $0.deeds = ["hold signals back"] }
        #expect(try read(late) { $0.change { $0.signal = .interrupt } } == [])
    }

    /// Whatever comes of a hibernation: when all else is done, and the user has been told.
    @Test(
        arguments: [
            (MessagePage.Outcome.resumed, "resumed by"), (.failed, ""), (.cancelled, "cancelled"),
            (nil, ""),
        ] as [(MessagePage.Outcome?, String)])
    func theLastOfAll(outcome: MessagePage.Outcome?, words: String) throws {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        machine.change { script in
            script.filesInUse = [Self.journal]
            script.droppable = 1 << 20
            script.whenJumping = { machine throws(PlatformError) in
                guard let outcome else { throw .call(.reboot, path: nil, .resourceBusy) }
                Self.answer(outcome, machine)
            }
        }
        let recorded = RecordedReport()
        var hibernate = Hibernate(machine, recorded.report)
        hibernate.location = ImageLocation(.path(swapPath))
        hibernate.imageSize = 0
        hibernate.cacheDropping = .reread
        _ = try? hibernate.run()
        #expect(recorded.contains(words))
        #expect(machine.script.deeds.last == "swapon /dev/sda2 7")
        hibernate.readAgain()
        #expect(machine.script.deeds.last == "read journal 0..<4")
        hibernate.readAgain()
        #expect(machine.script.deeds.filter { $0.hasPrefix("read") }.count == 1)
    }

    /// systemd-sleep lets sessions go on before it ends.
    @Test func afterTheProgramThatHibernates() throws {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        machine.change { script in
            script.filesInUse = [Self.journal]
            script.droppable = 1 << 20
            script.tracedWrites = [("/sys/power/state", "disk")]
            script.whenJumping = { machine throws(PlatformError) in
                Self.answer(.resumed, machine)
            }
        }
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(swapPath))
        hibernate.imageSize = 0
        hibernate.cacheDropping = .reread
        _ = try SleepProgram(hibernate).run("/usr/lib/systemd/systemd-sleep", ["hibernate"])
        #expect(
            machine.script.deeds.suffix(2).map { $0.hasPrefix("read ") } == [false, true],
            "\(machine.script.deeds)")
        #expect(machine.script.deeds.dropLast().last?.hasPrefix("disk to ") == true)
    }

    /// The other side's word.
    private static func answer(_ outcome: MessagePage.Outcome, _ machine: ScriptedMachine) {
        let page = MessagePage(outcome, "6.1.0").bytes
        for memory in machine.script.pinned where memory.pageCount > 0 {
            memory.store(page, in: PageFrame(0x3000))
        }
    }
}
