// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation
import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// Which image is taken, among all that say where one is.
@Suite struct FindImageTests {
    private static let other: FilePath = "/dev/sdb"
    private static let third: FilePath = "/dev/sdc"

    /// Images on three devices, all of them ready.
    private func machine() throws -> ScriptedMachine {
        let bytes = try RestoreMachine.image.get()
        let machine = ScriptedMachine()
        for (minor, path) in [swapPath, Self.other, Self.third].enumerated() {
            var bytes = bytes
            // Another UUID for each but the first.
            bytes[1036] = 0x10 + UInt8(minor)
            let device = try ScriptedDevice(
                bytes, number: DeviceNumber(major: 8, minor: 2 + UInt32(minor)))
            machine.change { $0.devices[path] = device }
        }
        return machine
    }

    private func find(
        on machine: ScriptedMachine, _ recorded: RecordedReport = RecordedReport(),
        named: FilePath? = nil, configured: FilePath? = nil, isUnattended: Bool = false
    ) throws -> FilePath? {
        try FindImage(
            named: named.map { ImageLocation(.path($0)) },
            configured: configured.map { ConfiguredLocation(device: .path($0)) }, wait: nil,
            configuredWait: 0, isUnattended: isUnattended, machine: machine,
            report: recorded.report
        ).find()?.path
    }

    @Test func theOneNamedByHandBeatsAll() throws {
        let machine = try machine()
        machine.change {
            $0.commandLine = "noresume resume=/dev/sda2"
            $0.variables[HibernateLocation.variableName] = locationVariable(swapUUID)
        }
        #expect(try find(on: machine, named: Self.third, configured: swapPath) == Self.third)
    }

    @Test func theCommandLineBeatsTheVariableAndTheConfiguration() throws {
        let machine = try machine()
        machine.change {
            $0.commandLine = "resume=/dev/sdb"
            $0.variables[HibernateLocation.variableName] = locationVariable(swapUUID)
        }
        #expect(try find(on: machine, configured: Self.third) == Self.other)
    }

    /// The kernel would take 0, or the first digits: another place than the one that was meant.
    @Test(arguments: ["", "12k", "0x10", "-1", "1 resume_offset=x"])
    func anOffsetThatIsNoNumberIsAnError(text: String) throws {
        for commandLine in ["resume=/dev/sdb resume_offset=", "resume_offset="] {
            let machine = try machine()
            machine.change { $0.commandLine = commandLine + text }
            #expect {
                try find(on: machine, configured: Self.third)
            } throws: {
                ($0 as? MachineError)?.explanation.contains("is not a number of pages") == true
            }
        }
        let machine = try machine()
        machine.change { $0.commandLine = "resume=/dev/sdb resume_offset=0" }
        #expect(try find(on: machine) == Self.other)
    }

    /// A name of long ago: where the image is now is said, and nothing taken.
    @Test func aDeviceThatIsGoneIsNoSilence() throws {
        let machine = try machine()
        machine.change { script in
            script.devices[Self.other] = nil
            script.devices[Self.third] = nil
        }
        for (commandLine, isError) in [
            ("resume=UUID=99999999-9999-9999-9999-999999999999", true),
            ("resume=swap:/dev/sda2", false), ("resume=file:/dev/sda2:0x1234", false),
        ] {
            machine.change { $0.commandLine = commandLine }
            let recorded = RecordedReport()
            var error: (any Error)?
            do { #expect(try find(on: machine, recorded, isUnattended: true) == nil) } catch let
                found
            {
                error = found
            }
            #expect(
                (error as? MachineError)?.explanation.contains("there is no device") ?? !isError)
            #expect(recorded.contains("kresume resume /dev/sda2 takes it"), "\(recorded.lines)")
            #expect(recorded.contains("syntax of other software") != isError)
        }
        // A person gets it who has not named another one.
        #expect(try find(on: machine) == swapPath)
    }

    /// Somebody who asks is answered; a boot says nothing of what is not there.
    @Test(arguments: [true, false]) func nothingIsNoSilence(isUnattended: Bool) throws {
        let recorded = RecordedReport()
        let machine = ScriptedMachine()
        for commandLine in ["", "noresume", "resume=/dev/sdb"] {
            machine.change { script in
                script.commandLine = commandLine
                script.devices["/dev/sdb"] = try? ScriptedDevice(emptySwap(), number: swapNumber)
            }
            let find = FindImage(
                named: nil, configured: nil, wait: nil, configuredWait: 0,
                isUnattended: isUnattended, machine: machine,
                report: Report(.normal, to: recorded))
            #expect(try find.find() == nil)
        }
        for words in ["on any disk here", "says not to resume", "image on /dev/sdb"] {
            #expect(recorded.contains(words) != isUnattended, "\(recorded.lines)")
        }
    }

    @Test func theVariableBeatsTheConfiguration() throws {
        let machine = try machine()
        machine.change {
            $0.variables[HibernateLocation.variableName] = locationVariable(swapUUID)
        }
        #expect(try find(on: machine, configured: Self.third) == swapPath)
    }

    @Test func theConfigurationBeatsTheScan() throws {
        #expect(try find(on: machine(), configured: Self.third) == Self.third)
    }

    /// Whoever plugs a disk in would choose what runs as the kernel.
    @Test func inABootTheOnlyImageIsNotTaken() throws {
        let machine = try machine()
        machine.change {
            $0.devices[Self.other] = nil
            $0.removable = [DeviceNumber(major: 8, minor: 4)]
        }
        let recorded = RecordedReport()
        #expect(try find(on: machine, recorded, isUnattended: true) == nil)
        #expect(recorded.lines.count == 1)
        #expect(recorded.contains("kresume resume /dev/sda2 takes it"), "\(recorded.lines)")
        // A person gets it, from anywhere.
        machine.change { $0.devices[swapPath] = nil }
        #expect(try find(on: machine) == Self.third)
    }

    /// Not even read.
    @Test func inABootNothingRemovableIsLookedAt() throws {
        let machine = try machine()
        let numbers = machine.script.devices.values.compactMap(\.number)
        machine.change {
            $0.removable = Set(numbers)
            $0.commandLine = "resume=/dev/sdx kresume.wait=0"
        }
        #expect(throws: MachineError.self) { try find(on: machine, isUnattended: true) }
        machine.change { $0.commandLine = "" }
        let recorded = RecordedReport()
        #expect(try find(on: machine, recorded, isUnattended: true) == nil)
        // Where that cannot be told, it may be removable.
        machine.change {
            $0.removable = []
            $0.failures["isRemovable"] = .call(.open, path: nil, .ioError)
        }
        #expect(try find(on: machine, recorded, isUnattended: true) == nil)
        #expect(recorded.lines == [])
        for device in machine.script.devices.values { #expect(device.faults.count(.read) == 0) }
    }

    @Test func whatIsNamedIsTakenInABoot() throws {
        let machine = try machine()
        #expect(try find(on: machine, configured: Self.third, isUnattended: true) == Self.third)
        machine.change { $0.commandLine = "resume=/dev/sdb" }
        #expect(try find(on: machine, isUnattended: true) == Self.other)
    }

    @Test func ofSeveralImagesNoneIsChosen() throws {
        let machine = try machine()
        #expect {
            try find(on: machine)
        } throws: { error in
            if case .severalImages(let images)? = error as? ResumeError {
                images.count == 3
            } else {
                false
            }
        }
    }

    @Test func theOnlyUsableImageIsTaken() throws {
        let machine = try machine()
        var damaged = try RestoreMachine.image.get()
        damaged[4096 + 100] ^= 1
        let (device, empty) = (
            try ScriptedDevice(damaged, number: DeviceNumber(major: 8, minor: 9)),
            try ScriptedDevice(emptySwap(), number: DeviceNumber(major: 8, minor: 10))
        )
        machine.change {
            $0.devices[swapPath] = device
            $0.devices[Self.other] = empty
        }
        #expect(try find(on: machine) == Self.third)
    }

    @Test(arguments: ["noresume", "nohibernate", "hibernate=noresume", "hibernate=no"])
    func theCommandLineForbids(option: String) throws {
        let machine = try machine()
        machine.change { $0.commandLine = "resume=/dev/sdb \(option)" }
        #expect(try find(on: machine, configured: swapPath) == nil)
    }

    @Test func whereTheCommandLineSaysAndNowhereElse() throws {
        let machine = try machine()
        let empty = try ScriptedDevice(emptySwap(), number: swapNumber)
        machine.change {
            $0.devices[swapPath] = empty
            $0.commandLine = "resume=/dev/sda2"
        }
        let recorded = RecordedReport()
        #expect(try find(on: machine, recorded, configured: Self.third) == nil)
        #expect(recorded.contains("kresume resume /dev/sdb takes it"))
    }

    @Test func aVariableWithoutItsImageIsPassedOver() throws {
        let machine = try machine()
        machine.change {
            $0.variables[HibernateLocation.variableName] = locationVariable(
                "99999999-9999-9999-9999-999999999999")
        }
        let recorded = RecordedReport()
        #expect(try find(on: machine, recorded, configured: Self.third) == Self.third)
        #expect(recorded.contains("HibernateLocation leads to no image"))
    }

    @Test func aVariableOfAnotherSystemIsLeftAlone() throws {
        let machine = try machine()
        machine.change {
            $0.osRelease["ID"] = "debian"
            $0.variables[HibernateLocation.variableName] = locationVariable(
                swapUUID, system: "fedora")
        }
        let recorded = RecordedReport()
        #expect(try find(on: machine, recorded, configured: Self.third) == Self.third)
        #expect(recorded.contains("fedora"))
    }

    @Test func aVariableThatCannotBeReadIsTold() throws {
        let machine = try machine()
        machine.change {
            $0.failures["efiVariable"] = .call(.read, path: nil, .ioError)
        }
        let recorded = RecordedReport()
        #expect(try find(on: machine, recorded, configured: Self.third) == Self.third)
        #expect(recorded.contains("cannot be read"))
    }

    @Test func anotherSoftwaresImageIsNotTaken() throws {
        var bytes = emptySwap()
        bytes.replaceSubrange(4086..<4096, with: Array("ULSUSPEND\0".utf8))
        let device = try ScriptedDevice(bytes, number: swapNumber)
        let machine = ScriptedMachine { $0.devices[swapPath] = device }
        let recorded = RecordedReport()
        #expect(try find(on: machine, recorded) == nil)
        #expect(recorded.contains("left to the software that wrote it"))
    }

    /// What the device does not give is not damage: nobody is told to drop the image.
    @Test(arguments: [3, 4]) func aDeviceErrorIsNoDamage(call: Int) throws {
        let device = try ScriptedDevice(RestoreMachine.image.get(), number: swapNumber)
        device.faults.add(.error(.ioError), at: call, of: .read)
        let machine = ScriptedMachine { $0.devices[swapPath] = device }
        let found = try #require(try FoundImage.look(at: swapPath, offset: 0, on: machine))
        guard case .unreadable(let error) = found.kind else {
            Issue.record("\(found)")
            return
        }
        #expect(explanation(of: error).contains("Input/output error"))
        #expect(!found.isUsable && found.isKnown)
    }

    @Test func anUnreadableImageIsNeverToBeDiscarded() throws {
        let device = try ScriptedDevice(RestoreMachine.image.get(), number: swapNumber)
        device.faults.add(.error(.ioError), at: 3, of: .read)
        let machine = ScriptedMachine { $0.devices[swapPath] = device }
        let text = try #require(try Advice(machine, RecordedReport().report).run())
        #expect(text.contains("cannot be read") && !text.contains("discard"))
    }

    @Test func aDeviceThatComesLateIsWaitedFor() throws {
        let machine = try machine()
        let late = try #require(machine.script.devices[swapPath])
        machine.change {
            $0.devices = [:]
            $0.commandLine = "resume=/dev/sda2 kresume.wait=20"
            $0.events = [
                ScriptedEvent(.blockDevice, after: 15_000) { $0.devices[swapPath] = late }
            ]
        }
        #expect(try find(on: machine) == swapPath)
    }

    @Test func whatNeverComesIsAnError() throws {
        let machine = try machine()
        machine.change { $0.commandLine = "resume=/dev/nowhere kresume.wait=3" }
        #expect(throws: MachineError.self) { try find(on: machine) }
        #expect(machine.script.uptime == 3_000_000_000)
    }
}
