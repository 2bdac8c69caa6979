// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

@Suite struct UndoNoteTests {
    private static let owner = ProcessIdentity(number: 4711, startTime: 815)
    private static let boot = "2c29a8b1-0f7f-4f3c-8f57-111111111111"
    private static let swap = UndoNote.Entry.swap(
        swapPath, swapNumber, priority: -2, discard: .both)

    private func note(_ entries: [UndoNote.Entry], boot: String = boot) -> [UInt8] {
        Array(UndoNote(owner: Self.owner, boot: boot, entries: entries).text.utf8)
    }

    @Test func whatIsWrittenIsRead() throws {
        let note = UndoNote(
            owner: Self.owner, boot: Self.boot,
            entries: [
                Self.swap, .swap("/dev/a b\n\\040", swapNumber, priority: 7, discard: .none),
                .setting("kernel/numa_balancing", value: "2"),
                .image(swapPath, swapNumber, offset: 1 << 40, OriginalKernel.id), .kexec,
                .frozen("/mnt/a b\n", swapNumber), .nextEntry,
                .array("md0", .safeModeDelay, value: "0.203"),
            ])
        #expect(try UndoNote(parsing: Array(note.text.utf8)) == note)
    }

    @Test(arguments: [
        ("", 1), ("kresume-undo 2\n", 1), ("kresume-undo 1\n", 2),
        ("kresume-undo 1\nprocess 0 1\nboot x\n", 2),
        ("kresume-undo 1\nprocess 1 -1\nboot x\n", 2),
        ("kresume-undo 1\nprocess 1 1\nboo x\n", 3),
        ("kresume-undo 1\nprocess 1 1\nboot x", 3),
    ])
    func badBeginning(text: String, line: Int) {
        #expect(throws: UndoNoteError.malformed(line: line)) {
            try UndoNote(parsing: Array(text.utf8))
        }
    }

    @Test(arguments: [
        "", "kexec now", "next-entry 1", "other", "swap 8:2 1 none", "swap 8:2 1 none ",
        "swap 8 1 none /dev/sda2",
        "swap 8:2 99999 none /dev/sda2", "swap 8:2 1 some /dev/sda2",
        "setting kernel/numa_balancing", "setting kernel/core_pattern |/bin/sh",
        "setting ../numa_balancing 1", "image 8:2 -1 000102030405060708090a0b0c0d0e0f /dev/sda2",
        "image 8:2 0 0001 /dev/sda2", "swap 8:2 1 none sda2", "swap 8:2 1 none /dev\\000/x",
        "image 8:2 0 000102030405060708090a0b0c0d0e0f", "frozen 8:2", "frozen 8:2 mnt",
        "frozen 8 /mnt", "frozen 8:2 ", "array md0 sync_action", "array md0 level raid0",
        "array ../md0 sync_action idle", "array md0/.. sync_action idle",
        "array sda sync_action idle",
    ])
    func badEntry(line: String) {
        let text = String(decoding: note([.kexec]), as: UTF8.self) + line + "\n"
        #expect(throws: UndoNoteError.malformed(line: 5)) {
            try UndoNote(parsing: Array(text.utf8))
        }
    }

    @Test func aNoteThatIsCutOffIsBad() {
        #expect(throws: UndoNoteError.malformed(line: 4)) {
            try UndoNote(parsing: note([Self.swap]).dropLast())
        }
    }

    /// Whatever is changed in it, by a byte: it is refused, or says what it says.
    @Test func changedNotes() {
        let whole = note([
            Self.swap, .setting("kernel/numa_balancing", value: "2"),
            .image(swapPath, swapNumber, offset: 8192, OriginalKernel.id), .kexec,
        ])
        for index in whole.indices {
            for byte in [0, 0x0a, 0x20, 0x2d, 0x39, 0x5c, 0xff] as [UInt8] {
                var bytes = whole
                bytes[index] = byte
                guard let note = try? UndoNote(parsing: bytes) else { continue }
                #expect(
                    (try? UndoNote(parsing: Array(note.text.utf8))) == note,
                    "\(index) \(byte) \(note.text)")
            }
        }
    }

    // Whose note it is.

    private func repair(
        _ bytes: [UInt8]?, _ change: (inout ScriptedMachine.Script) -> Void = { _ in }
    ) throws -> (ScriptedMachine, RecordedReport) {
        let device = try ScriptedDevice(emptySwap(), number: swapNumber)
        let machine = ScriptedMachine { script in
            script.devices[swapPath] = device
            script.undoNote = bytes
            change(&script)
        }
        let recorded = RecordedReport()
        Repair(machine, recorded.report).run()
        return (machine, recorded)
    }

    @Test func whatIsLeftIsRepaired() throws {
        let (machine, recorded) = try repair(note([Self.swap]))
        #expect(machine.script.deeds == ["swapon /dev/sda2 -1 both"])
        #expect(recorded.lines == ["an earlier kresume was killed: swap on /dev/sda2 is on again"])
        #expect(machine.script.undoNote == nil)
    }

    @Test(arguments: [true, false]) func whatIsFrozenIsThawed(isFrozen: Bool) throws {
        let (machine, recorded) = try repair(note([.frozen("/mnt", swapNumber)])) {
            $0.frozen = isFrozen ? [swapNumber] : []
        }
        #expect(machine.script.frozen.isEmpty && machine.script.undoNote == nil)
        #expect(
            recorded.lines
                == (isFrozen ? ["an earlier kresume was killed: /mnt takes writes again"] : []))
    }

    @Test func aProcessThatRunsIsLeftAlone() throws {
        let (machine, recorded) = try repair(note([Self.swap])) { $0.running = [Self.owner] }
        #expect(machine.script.deeds.isEmpty && recorded.lines.isEmpty)
        #expect(machine.script.undoNote != nil)
    }

    @Test func itsNumberAloneIsNotTheProcess() throws {
        let (machine, _) = try repair(note([Self.swap])) {
            $0.running = [ProcessIdentity(number: Self.owner.number, startTime: 816)]
        }
        #expect(machine.script.deeds == ["swapon /dev/sda2 -1 both"])
    }

    @Test func aNoteOfAnotherBootIsDropped() throws {
        let (machine, recorded) = try repair(note([Self.swap], boot: "another"))
        #expect(machine.script.deeds.isEmpty && recorded.lines.isEmpty)
        #expect(machine.script.undoNote == nil)
    }

    @Test func othersThanRootDoNothing() throws {
        let (machine, recorded) = try repair(note([Self.swap])) { $0.capabilities = [] }
        #expect(machine.script.deeds.isEmpty && recorded.lines.isEmpty)
        #expect(machine.script.undoNote != nil)
    }

    @Test func aDamagedNoteIsAWarning() throws {
        let (machine, recorded) = try repair(Array("kresume-undo 1\nx\n".utf8))
        #expect(machine.script.deeds.isEmpty && recorded.contains("damaged in line 2"))
        #expect(machine.script.undoNote == nil)
    }

    @Test func arraysGoOn() throws {
        let entries: [UndoNote.Entry] = [
            .array("md0", .syncAction, value: "idle"),
            .array("md0", .safeModeDelay, value: "0.203"),
        ]
        let (machine, recorded) = try repair(note(entries)) {
            $0.arrays = ["md0": [.syncAction: "frozen", .safeModeDelay: "0.203"]]
        }
        #expect(machine.script.arrays["md0"] == [.syncAction: "idle", .safeModeDelay: "0.203"])
        #expect(recorded.contains("killed: sync_action of md0 is idle again"))
    }

    @Test func withoutANoteNothingIsDone() throws {
        let (machine, recorded) = try repair(nil)
        #expect(machine.script.deeds.isEmpty && recorded.lines.isEmpty)
    }

    @Test func whatCannotBeRepairedIsTold() throws {
        let (machine, recorded) = try repair(
            note([Self.swap, .setting("kernel/numa_balancing", value: "7")])
        ) {
            $0.failures["activateSwap"] = .call(.swapon, path: swapPath, .invalidArgument)
        }
        #expect(machine.script.sysctls["kernel/numa_balancing"] == "7")
        #expect(recorded.contains("swap on /dev/sda2, which is off, is left: /dev/sda2: swapon"))
    }

    /// Somebody else's image, or none, is there now.
    @Test func anotherImageIsLeftAlone() throws {
        let image = try RestoreMachine.image.get()
        let device = try ScriptedDevice(image, number: swapNumber)
        let (machine, recorded) = try repair(
            note([.image(swapPath, swapNumber, offset: 0, .random())])
        ) { $0.devices[swapPath] = device }
        #expect(machine.script.devices[swapPath]?.bytes == image && recorded.lines.isEmpty)
    }

    @Test func anotherDeviceOfThatNameIsLeftAlone() throws {
        let image = try RestoreMachine.image.get()
        let device = try ScriptedDevice(image, number: DeviceNumber(major: 9, minor: 9))
        let (machine, _) = try repair(
            note([.image(swapPath, swapNumber, offset: 0, OriginalKernel.id)])
        ) { $0.devices[swapPath] = device }
        #expect(machine.script.devices[swapPath]?.bytes == image)
    }

    // The process's own.

    @Test func twoAtOnceAreRefused() throws {
        let machine = ScriptedMachine { script in
            script.undoNote = note([Self.swap])
            script.running = [Self.owner]
        }
        guard
            case .alreadyRunning(4711)? = #expect(
                throws: MachineError.self,
                performing: { try UndoList(machine, RecordedReport().report) })
        else {
            Issue.record("another error")
            return
        }
    }

    @Test func aNoteThatCannotBeWrittenStopsNothing() throws {
        for (number, words) in [(Errno.noSpace, true), (.noSuchFileOrDirectory, false)] {
            let machine = ScriptedMachine {
                $0.failures["setUndoNote"] = .call(.mkdir, path: "/run/kresume", number)
            }
            let sink = RecordedReport()
            let list = try UndoList(machine, Report(.normal, to: sink))
            list.add(.kexec)
            list.add(Self.swap)
            #expect(sink.lines.count == (words ? 1 : 0), "\(sink.lines)")
        }
    }
}
