// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation
import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// Whether the next boot would find the image, and what is done for it.
@Suite struct NextBootTests {
    private static let name = HibernateLocation.variableName

    /// Swap on two partitions, of which the first gets the image.
    private func machine(
        _ commandLine: String = "", _ variable: [UInt8]? = nil, hasEFI: Bool = false
    ) throws -> ScriptedMachine {
        var other = emptySwap()
        other[1036] = 0x99
        let devices = [
            swapPath: try ScriptedDevice(emptySwap(), number: swapNumber),
            "/dev/sdb": try ScriptedDevice(other, number: DeviceNumber(major: 8, minor: 16)),
        ]
        return ScriptedMachine {
            $0.devices = devices
            $0.commandLine = commandLine
            $0.variables[Self.name] = variable
            $0.hasEFI = hasEFI
            $0.osRelease["ID"] = "debian"
        }
    }

    private func nextBoot(
        _ machine: ScriptedMachine, configured: FilePath? = nil, offsetPages: UInt64 = 0,
        _ recorded: RecordedReport
    ) throws -> NextBoot {
        let configured = configured.map { ConfiguredLocation(device: .path($0)) }
        let target = try TargetDevice(
            ImageLocation(.path(swapPath), offsetPages: offsetPages), nil, force: true,
            unlock: false, isSealed: false, on: machine, recorded.report,
            UndoList(machine, recorded.report))
        return NextBoot(
            target: target, configured: configured, machine: machine, report: recorded.report)
    }

    private func warnings(
        _ machine: ScriptedMachine, configured: FilePath? = nil, offsetPages: UInt64 = 0
    ) throws -> [String] {
        let recorded = RecordedReport()
        let nextBoot = try nextBoot(
            machine, configured: configured, offsetPages: offsetPages, recorded)
        nextBoot.warnIfElsewhere()
        return recorded.lines
    }

    private func expectOne(
        _ lines: [String], _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(lines.count == 1, "\(lines)", sourceLocation: sourceLocation)
        for words in words {
            let isSaid = lines.first?.contains(words) == true
            #expect(isSaid, "\(words): \(lines)", sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: [
        "resume=/dev/sda2", "resume=8:2", "resume=UUID=\(swapUUID)",
    ])
    func whatLeadsToTheImageIsNotMentioned(commandLine: String) throws {
        #expect(try warnings(machine(commandLine)) == [])
    }

    @Test(arguments: [
        ("resume=/dev/sdb", 0, "/dev/sda2", "/dev/sdb (resume= of the kernel command line)"),
        ("resume=/dev/sda9", 0, "/dev/sda2", "/dev/sda9 (resume= of the kernel command line)"),
        ("resume=/dev/sda2 resume_offset=8", 0, "/dev/sda2", "page 8 of /dev/sda2 (resume="),
        ("resume=/dev/sda2", 8, "page 8 of /dev/sda2", "looks on /dev/sda2 (resume="),
    ])
    func aCommandLineThatLeadsElsewhere(
        line: String, offsetPages: UInt64, image: String, there: String
    ) throws {
        let lines = try warnings(machine(line), configured: swapPath, offsetPages: offsetPages)
        let option = offsetPages == 0 ? "" : "--offset=8 "
        expectOne(
            lines, "the image goes to \(image), but", there,
            "kresume resume \(option)/dev/sda2 takes the image")
    }

    @Test func aConfigurationThatLeadsElsewhere() throws {
        let lines = try warnings(machine(), configured: "/dev/sdb")
        expectOne(lines, "/dev/sdb (kresume.conf)")
        // It beats nothing else.
        #expect(try warnings(machine("resume=/dev/sda2"), configured: "/dev/sdb") == [])
        #expect(try warnings(machine("", locationVariable(swapUUID)), configured: "/dev/sdb") == [])
    }

    @Test func aVariableThatLeadsElsewhere() throws {
        let uuid = "99" + swapUUID.dropFirst(2)
        let lines = try warnings(machine("", locationVariable(uuid)), configured: swapPath)
        expectOne(lines, "UUID=\(uuid) (the EFI variable HibernateLocation)")
    }

    @Test func aCommandLineThatForbidsTheResume() throws {
        let lines = try warnings(machine("noresume resume=/dev/sda2"))
        expectOne(lines, "forbids the resume")
    }

    /// A boot resumes nothing just because it is there.
    @Test(arguments: [0, 8] as [UInt64]) func anImageThatNothingLeadsTo(offsetPages: UInt64) throws
    {
        let lines = try warnings(machine(), offsetPages: offsetPages)
        let option = offsetPages == 0 ? "" : "--offset=8 "
        expectOne(lines, "leads the next boot to the image", "kresume resume \(option)/dev/sda2")
        #expect(try warnings(machine(), configured: swapPath) == [])
    }

    // The variable.

    @Test func theVariableIsSetWhereNothingElseLeads() throws {
        let machine = try machine(hasEFI: true)
        let recorded = RecordedReport()
        let nextBoot = try nextBoot(machine, configured: "/dev/sdb", offsetPages: 8, recorded)
        #expect(nextBoot.point())
        let variable = try #require(machine.script.variables[Self.name])
        let location = try HibernateLocation(parsing: variable)
        #expect(location.uuid == swapUUID && location.offsetPages == 8)
        #expect(location.osReleaseID == "debian" && location.kernelVersion == "6.12.1-test")
        nextBoot.warnIfElsewhere()
        #expect(recorded.lines == ["the EFI variable HibernateLocation leads to the image"])
    }

    @Test func theVariableIsNotSetWhereItMustNot() throws {
        let machines = [
            try machine("resume=/dev/sda2", hasEFI: true), try machine("noresume", hasEFI: true),
            try machine(hasEFI: false),
            // Another system's image may be there.
            try machine("", locationVariable(swapUUID, system: "fedora"), hasEFI: true),
        ]
        machines.last?.change { $0.osRelease["ID"] = "debian" }
        let unreadable = try machine(hasEFI: true)
        unreadable.change { $0.failures["efiVariable"] = .call(.read, path: nil, .ioError) }
        let twice = try machine(hasEFI: true)
        let copy = try #require(try twice.script.devices[swapPath]?.copy())
        twice.change { $0.devices["/dev/sdc"] = copy }
        for (index, machine) in (machines + [unreadable, twice]).enumerated() {
            let before = machine.script.variables
            let isSet = try nextBoot(machine, RecordedReport()).point()
            #expect(!isSet && machine.script.variables == before, "\(index)")
            #expect(!machine.script.deeds.contains("write HibernateLocation"), "\(index)")
        }
    }

    @Test func aVariableThatCannotBeSetIsNoFailure() throws {
        let machine = try machine(hasEFI: true)
        machine.change { $0.failures["writeEFIVariable"] = .call(.open, path: nil, .notPermitted) }
        let recorded = RecordedReport()
        let isSet = try nextBoot(machine, recorded).point()
        #expect(!isSet)
        #expect(recorded.contains("could not be set"))
    }
}
