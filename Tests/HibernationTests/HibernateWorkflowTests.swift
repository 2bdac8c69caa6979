// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import ELFCore
import HibernateLocation
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SwapArea
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// What A does before the jump, and after it, whatever came of it.
@Suite struct HibernateWorkflowTests {
    private static let kcore: Result<ScriptedDevice, any Error> = Result {
        // Nothing but a note, which says nothing of free pages.
        let note = note("VMCOREINFO", Array("OSRELEASE=6.12.1-test\n".utf8))
        var file = core([
            Program(type: 4, offset: 4096, address: 0, fileSize: UInt64(note.count))
        ])
        file += [UInt8](repeating: 0, count: 4096 - file.count) + note
        return try ScriptedDevice(file, number: DeviceNumber(major: 0, minor: 1))
    }

    private static let kernelPath: FilePath = "/boot/vmlinuz-6.12.1-test"
    private static let initrdPath: FilePath = "/boot/initrd.img-6.12.1-test"

    /// A machine with 512 MiB that may hibernate to its swap partition.
    private func machine() throws -> ScriptedMachine { try Self.machine(swapPages: 4096) }

    static func machine(swapPages: Int) throws -> ScriptedMachine {
        let device = try ScriptedDevice(emptySwap(pages: swapPages), number: swapNumber)
        let kcore = try Self.kcore.get().file
        return ScriptedMachine { script in
            let gibibyte = PhysicalAddress(512 << 20)
            script.firmwareMap?.entries[2].range.end = gibibyte
            script.resources = [
                resource(0x1000, 0x9_f000, "System RAM"),
                resource(0x10_0000, gibibyte.rawValue, "System RAM"),
                resource(0x100_0000, 0x200_0000, "Kernel code", depth: 1),
            ]
            script.memory = MemoryInfo(
                total: 500 << 20, free: 480 << 20, available: 480 << 20)
            script.frames = [.tested(0x3000, 0x4000)]
            script.cores[CoreFile.kcore] = kcore
            script.devices[swapPath] = device
            script.files[Self.kernelPath] = kernelFile()
            script.files[Self.initrdPath] = [UInt8](repeating: 0x30, count: 1 << 20)
            script.swaps = [
                ActiveSwap(
                    path: swapPath, isBlockDevice: true, size: 16 << 20, used: 0, priority: 7)
            ]
            script.whenJumping = { _ throws(PlatformError) in }
        }
    }

    private static func resource(
        _ start: UInt64, _ end: UInt64, _ name: String, depth: Int = 0
    ) -> IOMemoryResource {
        IOMemoryResource(
            range: PhysicalRange(PhysicalAddress(start), PhysicalAddress(end)), name: name,
            depth: depth)
    }

    private func hibernate(
        _ machine: ScriptedMachine, _ recorded: RecordedReport = RecordedReport(),
        _ change: (inout Hibernate) -> Void = { _ in }
    ) -> (any Error)? {
        var hibernate = Hibernate(machine, recorded.report)
        hibernate.location = ImageLocation(.path(swapPath))
        change(&hibernate)
        do { _ = try hibernate.run() } catch { return error }
        return nil
    }

    /// The other side writes its word into A's message page before it jumps back.
    private func answer(
        _ machine: ScriptedMachine, _ outcome: MessagePage.Outcome, _ text: String,
        seed: [UInt8] = []
    ) {
        machine.change { script in
            script.whenJumping = { machine throws(PlatformError) in
                let page = MessagePage(outcome, text, seed: seed).bytes
                for memory in machine.script.pinned where memory.pageCount > 0 {
                    memory.store(page, in: PageFrame(0x3000))
                }
            }
        }
    }

    /// Everything is as it was before.
    private func expectCleanedUp(_ machine: ScriptedMachine, _ comment: String) {
        let script = machine.script
        let bytes = script.devices[swapPath]?.bytes ?? []
        #expect(
            signature(bytes) == .swap && !isImage(bytes) && state(bytes) != .prepared, "\(comment)")
        #expect(script.deeds.last == "swapon /dev/sda2 7", "\(comment): \(script.deeds)")
        #expect(script.deeds.contains("unload"), "\(comment): \(script.deeds)")
        #expect(script.sysctls["vm/compact_unevictable_allowed"] == "1", "\(comment)")
        #expect(script.sysctls["kernel/numa_balancing"] == "1", "\(comment)")
    }

    @Test func afterTheResumeAllIsAsBefore() throws {
        let machine = try machine()
        answer(machine, .resumed, "6.1.0-restore")
        let recorded = RecordedReport()
        #expect(hibernate(machine, recorded) == nil)
        #expect(recorded.contains("resumed by Linux 6.1.0-restore"))
        #expect(state(machine.script.devicesAtJump[swapPath] ?? []) == .prepared)
        #expect(signature(machine.script.devicesAtJump[swapPath] ?? []) == .swap)
        expectCleanedUp(machine, "resumed")
    }

    /// What `kresume status` tells.
    @Test func whatBecameOfItIsKept() throws {
        let machine = try machine()
        #expect(try Status(machine).run() == nil)
        var report = ReturnReport(release: "6.1.0-restore")
        report.memorySize = 512 << 20
        report.imageSize = 180 << 20
        report.saver = ["Linux 6.12, boot 1.900 s"]
        report.times = "boot 2.100 s"
        report.lines = ["found \u{1b}an image"]
        answer(machine, .resumed, "\(report)")
        #expect(hibernate(machine) == nil)
        var lines = try #require(try Status(machine).run()).split(separator: "\n")
        #expect(
            lines.removeFirst().hasSuffix(
                " UTC: hibernated to /dev/sda2, 512 MiB of memory as 180 MiB"))
        #expect(lines.removeFirst().hasSuffix(" UTC: resumed by Linux 6.1.0-restore"))
        let own = lines.removeFirst()
        #expect(own.hasPrefix("original kernel (Linux 6.12.1-test): checks "))
        for phase in [", swap ", ", memory ", ", saver kernel ", ", disk "] {
            #expect(own.contains(phase), "\(own)")
        }
        #expect(lines.removeFirst() == "saver kernel: Linux 6.12, boot 1.900 s")
        #expect(lines.removeFirst() == "restore kernel (Linux 6.1.0-restore): boot 2.100 s")
        #expect(lines.removeFirst().hasPrefix("original kernel again: clean-up "))
        #expect(lines == ["the restore kernel said:", "    found \\u{1b}an image"])

        // Not the one before, whatever became of this one; and nothing depends on it.
        answer(machine, .failed, "the disk is full")
        #expect(hibernate(machine) != nil)
        let failed = try #require(try Status(machine).run())
        #expect(failed.contains(" UTC: not hibernated to /dev/sda2: "), "\(failed)")
        #expect(failed.contains("the disk is full") && !failed.contains("6.1.0-restore"))
        answer(machine, .cancelled, "Escape")
        #expect(hibernate(machine) == nil)
        #expect(
            try Status(machine).run()?.contains("hibernation to /dev/sda2 was cancelled by Escape")
                == true)
        machine.change {
            $0.failures["setStatus"] = .call(.open, path: "/run", .readOnlyFileSystem)
        }
        answer(machine, .resumed, "6.1.0-restore")
        #expect(hibernate(machine) == nil)
        expectCleanedUp(machine, "without status")
    }

    /// Whatever the machine does next, it does not do what a copy of it did. The seed is used once.
    @Test func theSeedFromTheOtherSideIsStirredIn() throws {
        let seed = (1...64).map { UInt8($0) }
        let machine = try machine()
        answer(machine, .resumed, "6.1.0-restore", seed: seed)
        #expect(hibernate(machine) == nil)
        #expect(machine.script.stirred == seed)
        let deeds = machine.script.deeds.drop { $0 != "jump" }
        #expect(deeds.prefix(2) == ["jump", "stir 64"])
        for memory in machine.script.pinned where memory.pageCount > 0 {
            let page = memory.page(PageFrame(0x3000))
            let isErased = page?.contains(seed[63]) == false
            #expect(isErased)
        }

        let other = try self.machine()
        answer(other, .failed, "the disk is full")
        _ = hibernate(other)
        #expect(other.script.stirred == [])

        let closed = try self.machine()
        closed.change { $0.failures["stirRandom"] = .call(.write, path: nil, .notPermitted) }
        answer(closed, .resumed, "6.1.0-restore", seed: seed)
        let recorded = RecordedReport()
        #expect(hibernate(closed, recorded) == nil)
        #expect(recorded.contains("the random number generator is as it was"))
    }

    @Test func afterAFailedSaveTheReasonIsThrown() throws {
        let machine = try machine()
        answer(machine, .failed, "the disk is full")
        guard case .saveFailed("the disk is full")? = hibernate(machine) as? HibernateError else {
            Issue.record("another outcome")
            return
        }
        expectCleanedUp(machine, "failed")
    }

    @Test func afterACancelAllIsAsBefore() throws {
        let machine = try machine()
        answer(machine, .cancelled, "Escape")
        let recorded = RecordedReport()
        #expect(hibernate(machine, recorded) == nil)
        #expect(recorded.contains("cancelled by Escape; the machine goes on"))
        #expect(!recorded.contains("resumed"))
        expectCleanedUp(machine, "cancelled")
    }

    @Test func aSaverWithoutAWordIsAFailure() throws {
        let machine = try machine()
        guard case .noWord? = hibernate(machine) as? HibernateError else {
            Issue.record("another outcome")
            return
        }
        expectCleanedUp(machine, "no word")
    }

    @Test func aJumpThatFailsLeavesNothing() throws {
        let machine = try machine()
        machine.change {
            $0.whenJumping = { _ throws(PlatformError) in
                throw .call(.reboot, path: nil, .resourceBusy)
            }
        }
        #expect(hibernate(machine) as? PlatformError == .call(.reboot, path: nil, .resourceBusy))
        expectCleanedUp(machine, "jump")
    }

    /// Nothing else leads the next boot to the image.
    @Test(arguments: [true, false]) func theVariableIsThereAtTheJumpOnly(comesBack: Bool) throws {
        let machine = try machine()
        let variable = Captured()
        machine.change { script in
            script.hasEFI = true
            script.whenJumping = { machine throws(PlatformError) in
                variable.set(machine.script.variables[HibernateLocation.variableName] ?? [])
                if !comesBack { throw .call(.reboot, path: nil, .resourceBusy) }
            }
        }
        #expect(hibernate(machine) != nil)
        #expect(try HibernateLocation(parsing: variable.value).uuid == swapUUID)
        #expect(machine.script.variables.isEmpty)
        expectCleanedUp(machine, "variable")
    }

    @Test func aVariableThatWasThereStays() throws {
        let machine = try machine()
        let variable = locationVariable("99999999-9999-9999-9999-999999999999")
        machine.change {
            $0.hasEFI = true
            $0.variables[HibernateLocation.variableName] = variable
        }
        let recorded = RecordedReport()
        _ = hibernate(machine, recorded)
        #expect(machine.script.deeds.contains("jump"))
        #expect(machine.script.variables[HibernateLocation.variableName] == variable)
        #expect(recorded.lines.filter { $0.contains("the next boot looks on") }.count == 1)
    }

    /// As systemd-sleep sets it, before we are asked.
    @Test func aVariableThatLeadsToTheImageGoesWithIt() throws {
        let machine = try machine()
        let variable = locationVariable(swapUUID)
        let atJump = Captured()
        machine.change { script in
            script.hasEFI = true
            script.variables[HibernateLocation.variableName] = variable
            script.whenJumping = { machine throws(PlatformError) in
                atJump.set(machine.script.variables[HibernateLocation.variableName] ?? [])
            }
        }
        #expect(hibernate(machine) != nil)
        #expect(atJump.value == variable)
        #expect(machine.script.variables.isEmpty)
        expectCleanedUp(machine, "variable")
    }

    /// Whichever of the device's writes fails, before the jump or after it.
    @Test(arguments: [Faults.Call.write, .flush])
    func everyWriteThatFailsLeavesNoImage(call: Faults.Call) throws {
        var number = 1
        while number < 40 {
            let machine = try machine()
            let device = try #require(machine.script.devices[swapPath])
            answer(machine, .resumed, "x")
            device.faults.add(.error(.ioError), at: number, of: call)
            let recorded = RecordedReport()
            let error = hibernate(machine, recorded)
            if device.faults.count(call) < number { break }
            // Of the two things that make an image, taking one away does.
            if !machine.script.deeds.contains("jump") { #expect(error != nil) }
            #expect(!isImage(device.bytes), "\(call) \(number)")
            #expect(machine.script.deeds.last == "swapon /dev/sda2 7", "\(call) \(number)")
            number += 1
        }
        #expect(number > 2 && number < 40)
    }

    @Test func swapThatStaysOffIsTold() throws {
        let machine = try machine()
        answer(machine, .resumed, "x")
        machine.change {
            $0.failures["activateSwap"] = .call(.swapon, path: swapPath, .invalidArgument)
        }
        let recorded = RecordedReport()
        #expect(hibernate(machine, recorded) == nil)
        #expect(recorded.contains("swap stays off"))
    }

    @Test(arguments: [false, true]) func everyRefusalChangesNothing(isTest: Bool) throws {
        let refusals: [(String, (inout ScriptedMachine.Script) -> Void)] = [
            ("needs root", { $0.capabilities = [.systemAdministration] }),
            ("CONFIG_KEXEC_JUMP", { $0.kexecSupport = .unknownFlag }),
            ("has no kexec", { $0.kexecSupport = .notBuilt }),
            (
                "is locked down",
                {
                    $0.kexecSupport = .notPermitted
                    $0.lockdown = .confidentiality
                }
            ),
            (
                "turned off until the next boot",
                {
                    $0.kexecSupport = .notPermitted
                    $0.sysctls["kernel/kexec_load_disabled"] = "1"
                }
            ),
            ("--saver-kernel", { $0.files[Self.kernelPath] = nil }),
            ("--saver-initrd", { $0.files[Self.initrdPath] = nil }),
            ("is cut short", { $0.files[Self.initrdPath] = Array("070701".utf8) }),
            ("not a whole Linux kernel", { $0.files[Self.kernelPath] = [1, 2, 3] }),
            ("firmware's memory map", { $0.firmwareMap = nil }),
            (
                "may reset the machine 30 s after",
                { $0.watchdogs = [Watchdog(name: "esb", timeout: "30")] }
            ),
            (
                "memory was added",
                {
                    $0.resources.append(Self.resource(1 << 33, 1 << 34, "System RAM"))
                }
            ),
            ("not enough memory for the saver kernel", { $0.memory.available = 20 << 20 }),
            (
                "there is no stretch of",
                {
                    $0.resources.append(
                        Self.resource(0x200_0000, 512 << 20, "Kernel data", depth: 1))
                }
            ),
            ("below 640 KiB", { $0.resources.removeFirst() }),
            ("is swapped out", { $0.swaps[0].used = 479 << 20 }),
        ]
        for (words, change) in refusals {
            let machine = try machine()
            machine.change(change)
            let said =
                hibernate(machine) { $0.isTest = isTest }.map { explanation(of: $0) } ?? "nothing"
            #expect(said.contains(words), "\(words): \(said)")
            #expect(machine.script.deeds.allSatisfy { $0 == "hold signals back" }, "\(words)")
            #expect(machine.script.devices[swapPath]?.faults.count(.write) == 0, "\(words)")
        }
    }

    /// Unless the user insists; and what is needed is told by part.
    @Test func tooLittleMemoryForTheSaverIsRefused() throws {
        let machine = try machine()
        let recorded = RecordedReport()
        guard
            case .saverMemoryTooSmall(90 << 20, let needed)? = hibernate(
                machine, recorded, { $0.saverMemory = 90 << 20 }) as? HibernateError
        else {
            Issue.record("another outcome")
            return
        }
        #expect(needed > 96 << 20 && needed < 150 << 20)
        #expect(!machine.script.deeds.contains("load"))
        #expect(recorded.contains("the saver kernel needs "))
        #expect(recorded.contains("2 processors 4 MiB"))

        let forced = try self.machine()
        let second = RecordedReport()
        _ = hibernate(forced, second) {
            $0.saverMemory = 90 << 20
            $0.force = true
        }
        #expect(forced.script.deeds.contains("jump") && second.contains("may need"))
    }

    @Test func aSaverThatCannotPageDeepEnoughIsRefused() throws {
        let machine = try machine()
        machine.change { script in
            script.pagingDepth = .five
            script.files[Self.kernelPath]?.store(UInt16(0x3), at: 0x236)
        }
        guard case .saverWithoutFiveLevels? = hibernate(machine) as? HibernateError else {
            Issue.record("another outcome")
            return
        }
    }

    /// These are known when the device is ours and swap is off; both are given back.
    @Test(arguments: [false, true]) func whatCannotFitIsRefusedBeforeTheJump(isTest: Bool) throws {
        let limits: [(String, (inout ScriptedMachine.Script) -> Void)] = [
            ("is too small", { $0.memory.free = 400 << 20 }),
            (
                "too much memory is in use",
                {
                    $0.memory = MemoryInfo(total: 120 << 20, free: 90 << 20, available: 480 << 20)
                }
            ),
        ]
        for (words, change) in limits {
            let machine = try machine()
            machine.change(change)
            let said =
                hibernate(machine) { $0.isTest = isTest }.map { explanation(of: $0) } ?? "nothing"
            #expect(said.contains(words), "\(words): \(said)")
            #expect(
                !machine.script.deeds.contains("jump") && !machine.script.deeds.contains("load"))
            #expect(isTest || machine.script.deeds.last == "swapon /dev/sda2 7")
            #expect(machine.script.swaps.count == 1)
        }
    }

    private static let tables = FrameRange.tested(0x1_8000, 0x1_8004)

    /// A machine with ACPI's tables in ``tables``.
    private func machineWithTables(_ change: (inout ScriptedMachine.Script) -> Void) throws
        -> ScriptedMachine
    {
        let machine = try machine()
        let range = Self.tables.physicalRange
        let end: UInt64 = 512 << 20
        machine.change { script in
            script.firmwareMap?.entries[2].range.end = range.start
            script.firmwareMap?.entries += [
                .init(range, .acpi), .init(PhysicalRange(range.end, PhysicalAddress(end)), .ram),
            ]
            script.resources[1] = Self.resource(0x10_0000, range.start.rawValue, "System RAM")
            script.resources.append(Self.resource(range.end.rawValue, end, "System RAM"))
            script.acpiTables = ["APIC", "DSDT", "FACP", "SSDT1", "SSDT2"].map {
                ACPITable(name: $0, bytes: [UInt8](repeating: 7, count: 244))
            }
            change(&script)
        }
        return machine
    }

    private func prepared(by machine: ScriptedMachine) throws -> PreparedImage {
        _ = hibernate(machine)
        let bytes = machine.script.devicesAtJump[swapPath] ?? []
        try #require(bytes.count > 12288)
        let id = try StateRecord(parsing: Array(bytes[8192..<12288])).id
        return try PreparedImage(reading: id, areaSize: UInt64(bytes.count)) { offset, count in
            Array(bytes[Int(offset)..<Int(offset) + count])
        }
    }

    @Test func acpiTablesAreSavedWhereTheRootPointerIsAmongThem() throws {
        let roots: [(Bool, (inout ScriptedMachine.Script) -> Void)] = [
            (true, { $0.acpiRootPointer = PhysicalAddress(0x1800_3ff0) }),
            (true, { $0.bootParameters.store(UInt64(0x1800_0014), at: 0x70) }),
            (false, { $0.acpiRootPointer = PhysicalAddress(0x1800_4000) }),
            (false, { $0.bootParameters.store(UInt64(0xf_5a20), at: 0x70) }),
            (false, { _ in }),
            (
                false,
                {
                    $0.acpiRootPointer = PhysicalAddress(0x1800_0014)
                    $0.firmwareMap?.entries[3].range.end.rawValue -= 0x10
                    $0.resources.removeLast()
                }
            ),
        ]
        for (index, (isSaved, change)) in roots.enumerated() {
            let machine = try machineWithTables(change)
            let image = try prepared(by: machine)
            // What the saver kernel shows its process as memory to save.
            let core = try #require(coreHeader(in: machine.script.loadedAtJump))
            let shown = try ELFCore(parsing: core).fileOffset(
                of: Self.tables.lower.address, count: Self.tables.physicalRange.size)
            #expect((shown != nil) == isSaved, "\(index)")
            #expect(image.header.hasACPIData == isSaved, "\(index)")
            #expect(image.memory.contains(Self.tables) == isSaved, "\(index)")
            let facts = image.machine.invariants.facts.filter { $0.category == "acpi-table" }
            #expect(
                facts.map { String($0.value.prefix(5)) }
                    == (isSaved ? ["DSDT ", "FACP ", "SSDT1", "SSDT2"] : []), "\(index)")
        }
    }

    private func coreHeader(in kernel: LoadedKernel?) -> [UInt8]? {
        for segment in kernel?.segments ?? [] where segment.bytes.count < 1 << 20 {
            for offset in stride(from: 0, to: segment.bytes.count, by: 8)
            where segment.bytes[offset...].starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) {
                let bytes = Array(segment.bytes[offset...])
                if (try? ELFCore(parsing: bytes)) != nil { return bytes }
            }
        }
        return nil
    }

    /// The FADT says where the DSDT is, which may move, and where the FACS is, which may not.
    @Test func whatAFixedTableMayChangeIn() throws {
        func digests(_ change: (inout [UInt8]) -> Void) throws -> [String] {
            let machine = try machineWithTables { script in
                for index in [1, 2] { change(&script.acpiTables[index].bytes) }
            }
            return try ACPIData.tableFacts(machine).map(\.value)
        }
        let before = try digests { _ in }
        for offset in [9, 40, 43, 140, 147] {
            let after = try digests { $0[offset] = 0x55 }
            // The FADT is as it was, the DSDT is not.
            #expect(after[0] != before[0] && after[1] == before[1], "\(offset)")
        }
        for offset in [8, 10, 36, 39, 44, 132, 139, 148] {
            #expect(try digests { $0[offset] = 0x55 }[1] != before[1], "\(offset)")
        }
    }
}
