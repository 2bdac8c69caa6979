// SPDX-License-Identifier: GPL-2.0-or-later

import BootEntry
import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// The boot entry with the resume initramfs: who starts it, when it is good, and that it is started once.
@Suite struct ResumeEntryTests {
    static let grubenv: FilePath = "/boot/grub/grubenv"
    static let release = "6.12.1-test"
    static let image: FilePath = "/boot/kresume-6.12.1-test.img"
    private static let oneShot = LoaderVariable.oneShotEntry

    static func block(_ text: String) -> [UInt8] {
        let bytes = Array(("# GRUB Environment Block\n" + text).utf8)
        return bytes + [UInt8](repeating: 0x23, count: 1024 - bytes.count)
    }

    /// One whose loader is this one, and which has the entry.
    static func add(
        _ loader: BootLoader, of release: String = release, to script: inout ScriptedMachine.Script
    ) {
        switch loader {
        case .grub: script.files[grubenv] = block("saved_entry=x\n")
        case .systemdBoot:
            script.hasEFI = true
            script.variables[LoaderVariable.features] = [6, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0]
        }
        script.files[FilePath("/usr/lib/modules/\(release)/modules.dep")] = []
        script.files["/usr/lib/modules/6.9.9-no-initramfs/modules.dep"] = []
        script.files[FilePath("/boot/vmlinuz-\(release)")] =
            script.files[FilePath("/boot/vmlinuz-\(release)")] ?? []
        script.files[FilePath("/boot/initrd.img-\(release)")] =
            script.files[FilePath("/boot/initrd.img-\(release)")] ?? []
        script.files[image] = []
        script.files[ResumeEntry.note] = Array(
            "loader \(loader.rawValue)\nrelease \(release)\nfile \(image)\n".utf8)
        script.times[ResumeEntry.note] = 100
        script.times[FilePath("/boot/initrd.img-\(release)")] = 99
    }

    private func machine(
        _ loader: BootLoader, _ change: (inout ScriptedMachine.Script) -> Void = { _ in }
    ) -> ScriptedMachine {
        ScriptedMachine { script in
            Self.add(loader, to: &script)
            change(&script)
        }
    }

    /// The name of the entry that is started next.
    private func next(_ machine: ScriptedMachine) -> String? {
        if let bytes = machine.script.variables[Self.oneShot] {
            return ["kresume.conf", "other.conf"].first { LoaderVariable.bytes($0) == bytes }
        }
        let entry = GRUBEnvironment(machine.script.files[Self.grubenv] ?? [])?["next_entry"]
        return entry == "" ? nil : entry
    }

    @Test(arguments: [BootLoader.grub, .systemdBoot]) func thereAndBack(loader: BootLoader) {
        let machine = machine(loader)
        let recorded = RecordedReport()
        let entry = NextEntry(machine, recorded.report)
        #expect(entry.isThere)
        let before = machine.script.files
        entry.mark()
        #expect(next(machine) == (loader == .grub ? "kresume" : "kresume.conf"))
        // Twice is as once.
        entry.mark()
        #expect(entry.unmark())
        #expect(next(machine) == nil && !entry.unmark())
        if loader == .grub {
            #expect(
                machine.script.files[Self.grubenv] == Self.block("saved_entry=x\nnext_entry=\n"))
        } else {
            #expect(machine.script.files == before)
        }
        // And nothing is said of it but to one who asks for more.
        let isDetail = recorded.lines.allSatisfy {
            $0.hasSuffix(" starts the resume initramfs next")
        }
        #expect(isDetail, "\(recorded.lines)")
    }

    /// It is the saver's, too, as long as it has all that the usual one has.
    @Test(arguments: [BootLoader.grub, .systemdBoot]) func saversInitramfs(loader: BootLoader)
        throws
    {
        let usual = FilePath("/boot/initrd.img-\(Self.release)")
        let small: FilePath = loader == .grub ? Self.image : "/efi/kresume/initrd"
        func chosen(
            unlocking: Bool = false, _ change: (inout ScriptedMachine.Script) -> Void = { _ in }
        ) throws -> FilePath {
            let machine = machine(loader) { script in
                script.kernel.release = Self.release
                script.files[small] = []
                script.files[ResumeEntry.note] = Array(
                    """
                    loader \(loader.rawValue)
                    release \(Self.release)
                    file \(Self.grubenv.removingLastComponent())/vmlinuz
                    file \(small)

                    """.utf8)
                script.files["/boot/grub/vmlinuz"] = []
                change(&script)
            }
            var hibernate = Hibernate(machine, RecordedReport().report)
            hibernate.unlockInSaver = unlocking
            return try hibernate.loadSaver().initrd
        }
        #expect(try chosen() == small)
        #expect(try chosen(unlocking: true) == usual)
        #expect(try chosen { $0.times[usual] = 101 } == usual)
        #expect(try chosen { $0.files[small] = nil } == usual)
        #expect(try chosen { $0.files[ResumeEntry.note] = nil } == usual)
        let other = "6.12.0-other"
        let others = try chosen {
            $0.kernel.release = other
            $0.files[FilePath("/boot/vmlinuz-\(other)")] = []
            $0.files[FilePath("/boot/initrd.img-\(other)")] = []
        }
        #expect(others == FilePath("/boot/initrd.img-\(other)"))
    }

    /// Somebody has said `grub-reboot` or `systemctl reboot --boot-loader-entry=`.
    @Test(arguments: [BootLoader.grub, .systemdBoot]) func whatOthersWantStays(loader: BootLoader) {
        let machine = machine(loader) { script in
            switch loader {
            case .grub: script.files[Self.grubenv] = Self.block("next_entry=other.conf\n")
            case .systemdBoot: script.variables[Self.oneShot] = LoaderVariable.bytes("other.conf")
            }
        }
        let entry = NextEntry(machine, RecordedReport().report)
        entry.mark()
        #expect(next(machine) == "other.conf")
        #expect(!entry.unmark() && next(machine) == "other.conf")
    }

    @Test func withoutAnEntryNothingIsDone() {
        let machine = machine(.grub) { $0.files[ResumeEntry.note] = nil }
        let recorded = RecordedReport()
        let entry = NextEntry(machine, recorded.report)
        entry.mark()
        #expect(!entry.isThere && !entry.unmark())
        #expect(machine.script.deeds.isEmpty && recorded.lines.isEmpty)
    }

    struct Flaw: Sendable {
        var words: String
        var change: @Sendable (inout ScriptedMachine.Script) -> Void
    }

    static let flaws = [
        Flaw(words: "is for GRUB, which has not started this kernel") {
            $0.variables[LoaderVariable.features] = [6, 0, 0, 0, 8]
        },
        Flaw(words: "\(image) is not there") { $0.files[image] = nil },
        Flaw(words: "has Linux 6.12.1-test, and 6.12.10-test is installed") {
            $0.files["/usr/lib/modules/6.12.10-test/modules.dep"] = []
            $0.files["/boot/vmlinuz-6.12.10-test"] = []
            $0.files["/boot/initrd.img-6.12.10-test"] = []
        },
        Flaw(words: "is older than /boot/initrd.img-6.12.1-test") {
            $0.times["/boot/initrd.img-6.12.1-test"] = 101
        },
        Flaw(words: "is older than /boot/vmlinuz-6.12.1-test") {
            $0.times["/boot/vmlinuz-6.12.1-test"] = 101
        },
    ]

    /// It may lack the key, and a boot by it would go on past the image.
    @Test(arguments: flaws.indices) func aFlawedOneIsNotStarted(index: Int) {
        let flaw = Self.flaws[index]
        let machine = machine(.grub, flaw.change)
        let recorded = RecordedReport()
        NextEntry(machine, recorded.report).mark()
        #expect(next(machine) == nil)
        #expect(
            recorded.lines.count == 1 && recorded.contains("the next boot is by the usual entry")
                && recorded.contains(flaw.words), "\(recorded.lines)")
    }

    @Test func variablesThatCannotBeRead() {
        let machine = machine(.grub) { $0.files[Self.grubenv] = Array("next_entry=\n".utf8) }
        let recorded = RecordedReport()
        NextEntry(machine, recorded.report).mark()
        #expect(recorded.contains("full or damaged"), "\(recorded.lines)")
    }

    @Test func theNewestKernel() {
        let names = ["6.9.12-1", "6.12.2-1", "6.12.10-1", "6.12.10-rc1", "7.1-rc1"]
        for count in names.indices.dropFirst() {
            let machine = ScriptedMachine { script in
                for name in names[...count] {
                    script.files[FilePath("/lib/modules/\(name)/modules.dep")] = []
                    script.files[FilePath("/boot/vmlinuz-\(name)")] = []
                    script.files[FilePath("/boot/initrd.img-\(name)")] = []
                }
            }
            let expected = ["6.12.2-1", "6.12.10-1", "6.12.10-1", "7.1-rc1"][count - 1]
            #expect(ResumeEntry.newestKernel(machine) == expected)
        }
    }

    // With hibernate.

    private func hibernating(_ loader: BootLoader) throws -> ScriptedMachine {
        let machine = try HibernateWorkflowTests.machine(swapPages: 512)
        machine.change { script in
            script.memory = MemoryInfo(total: 500 << 20, free: 499 << 20, available: 480 << 20)
            Self.add(loader, to: &script)
        }
        return machine
    }

    @Test(arguments: [BootLoader.grub, .systemdBoot])
    func isMarkedWhileTheMachineIsOff(loader: BootLoader) throws {
        let machine = try hibernating(loader)
        machine.change { script in
            script.whenJumping = { machine throws(PlatformError) in
                let next = self.next(machine) ?? "usual"
                machine.change { $0.deeds.append("next is \(next)") }
            }
        }
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(swapPath))
        _ = try? hibernate.run()
        let name = loader == .grub ? "kresume" : "kresume.conf"
        #expect(machine.script.deeds.contains("next is \(name)"), "\(machine.script.deeds)")
        #expect(next(machine) == nil)
        // What says so is on the disk before the jump.
        let deeds = machine.script.deeds
        let mark = deeds.firstIndex {
            $0.hasPrefix("overwrite") || $0 == "write LoaderEntryOneShot"
        }
        let sync = deeds.lastIndex(of: "sync")
        #expect((mark ?? .max) < (sync ?? 0))
    }

    @Test func aTestMarksNothing() throws {
        let machine = try hibernating(.grub)
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(swapPath))
        hibernate.isTest = true
        _ = try? hibernate.run()
        #expect(!machine.script.deeds.contains { $0.hasPrefix("overwrite") })
    }

    @Test func whoWasKilledHasNotMarkedIt() {
        let owner = ProcessIdentity(number: 4711, startTime: 815)
        let machine = machine(.systemdBoot) { script in
            script.variables[Self.oneShot] = LoaderVariable.bytes("kresume.conf")
        }
        let note = UndoNote(owner: owner, boot: UndoNote.boot(machine), entries: [.nextEntry])
        machine.change { $0.undoNote = Array(note.text.utf8) }
        let recorded = RecordedReport()
        Repair(machine, recorded.report).run()
        #expect(next(machine) == nil)
        #expect(
            recorded.lines
                == ["an earlier kresume was killed: the next boot is by the usual entry"])
    }
}
