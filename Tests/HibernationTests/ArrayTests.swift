// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SwapArea
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// Images on arrays: to RAID 1 the saver kernel writes disk by disk.
@Suite struct ArrayTests {
    // In A.

    private static let raid5 = DeviceArray(name: "md0", level: "raid5", mirrors: nil)

    private func machine(_ array: DeviceArray) throws -> ScriptedMachine {
        let machine = try HibernateWorkflowTests.machine(swapPages: 64)
        machine.change { $0.arraysBelow[swapNumber] = array }
        return machine
    }

    private func target(_ machine: ScriptedMachine, force: Bool = false) throws -> TargetDevice {
        try TargetDevice(
            ImageLocation(.path(swapPath)), nil, force: force, unlock: false, isSealed: false,
            on: machine, RecordedReport().report, UndoList(machine, RecordedReport().report))
    }

    /// On RAID 1, whose only disk is said to be `disk`.
    private func mirrored(_ machine: ScriptedMachine, by disk: DeviceNumber) throws
        -> MirroredDevice?
    {
        machine.change {
            $0.swaps = []
            $0.arraysBelow[swapNumber] = DeviceArray(
                name: "md0", level: "raid1",
                mirrors: .init(devices: [disk], dataOffset: 0))
        }
        let target = try target(machine)
        return target.mirrored?.described(try target.claim())
    }

    @Test func onlyRAID1() throws {
        let machine = try machine(Self.raid5)
        let error = #expect(throws: HibernateError.self) { try target(machine) }
        guard case .onArray(swapPath, Self.raid5)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        _ = try target(machine, force: true)
    }

    /// Of several the next one is taken, and a person is told why.
    @Test func swapOnAnotherArrayIsPassedOver() throws {
        let machine = try machine(Self.raid5)
        let other = try ScriptedDevice(
            emptySwap(pages: 64), number: DeviceNumber(major: 8, minor: 16))
        machine.change {
            $0.devices["/dev/sdb"] = other
            $0.swaps = [(swapPath, 9), ("/dev/sdb", 5)].map { path, size in
                ActiveSwap(
                    path: path, isBlockDevice: true, size: size << 12, used: 0, priority: 1)
            }
        }
        let recorded = RecordedReport()
        let target = try ChosenTarget(nil, nil, on: machine, recorded.report)
        #expect(target.path == "/dev/sdb")
        #expect(recorded.contains("not \(swapPath): it is on the array md0 (raid5)"))
        machine.change { $0.arraysBelow = [:] }
        #expect(try ChosenTarget(nil, nil, on: machine, recorded.report).path == swapPath)
    }

    @Test func theSaverIsToldOfTheDisks() throws {
        let machine = try machine(Self.raid5)
        let mirrored = try mirrored(machine, by: swapNumber)
        #expect(mirrored == MirroredDevice(copies: 1, offset: 0, size: 64 << 12))
    }

    /// What is written to the array does not come to the disk; and there is no such disk.
    @Test(arguments: [true, false])
    func disksAreProved(isThere: Bool) throws {
        let machine = try machine(Self.raid5)
        let number = DeviceNumber(major: 8, minor: 16)
        let other = try ScriptedDevice(emptySwap(pages: 64), number: number)
        if isThere { machine.change { $0.devices["/dev/sdb"] = other } }
        let error = #expect(throws: HibernateError.self) { try mirrored(machine, by: number) }
        switch error {
        case .notBeneath(swapPath, "/dev/sdb"): #expect(isThere)
        case .onArray(swapPath, _): #expect(!isThere)
        default: Issue.record("\(String(describing: error))")
        }
        #expect(other.bytes == emptySwap(pages: 64))
    }

    // In B.

    /// A saver kernel with as many disks, and how many of them are to be there.
    private func saver(disks: Int, of copies: Int, isTest: Bool = false) throws -> SaverKernel {
        let saver = try SaverKernel(isTest: isTest, copies: copies)
        let page = [UInt8](repeating: 0xc3, count: 4096)
        var devices: [FilePath: ScriptedDevice] = [:]
        for index in 0..<disks {
            devices[FilePath("/dev/vd\(index)")] = try ScriptedDevice(
                page + saver.device.bytes + page,
                number: DeviceNumber(major: 254, minor: UInt32(index)))
        }
        saver.machine.change { [devices] in $0.devices = devices }
        return saver
    }

    @Test func eachDiskHasTheImage() throws {
        let saver = try saver(disks: 2, of: 2)
        let disks = saver.machine.script.devices
        let captured = [Captured(), Captured()]
        saver.machine.change { script in
            script.whenPoweredOff = .call(.reboot, path: nil, .interrupted)
            script.whenPoweringOff = { _ in
                for (index, disk) in disks.sorted(by: { $0.key.string < $1.key.string })
                    .enumerated()
                {
                    captured[index].set(disk.value.bytes)
                }
            }
        }
        _ = saver.save()
        let page = [UInt8](repeating: 0xc3, count: 4096)
        for bytes in captured.map(\.value) {
            let image = Array(bytes.dropFirst(4096).dropLast(4096))
            #expect(isImage(image) && state(image) == .ready)
            #expect(Array(bytes.prefix(4096)) == page && Array(bytes.suffix(4096)) == page)
        }
        #expect(captured[0].value == captured[1].value)
        // Nothing is left on either after the way back.
        for disk in disks.values { #expect(!isImage(Array(disk.bytes.dropFirst(4096)))) }
        #expect(saver.recorded.contains("to /dev/vd0, /dev/vd1"))
    }

    @Test(arguments: [
        (1, "does not see all 2 disks of the array"), (3, "and only one can be right"),
    ])
    func otherwiseNothingIsWritten(disks: Int, words: String) throws {
        let saver = try saver(disks: disks, of: 2)
        let before = saver.machine.script.devices.mapValues(\.bytes)
        _ = saver.save()
        #expect(saver.messageInOriginal?.text.contains(words) == true)
        #expect(saver.machine.script.devices.mapValues(\.bytes) == before)
    }

    /// Somebody has put the array together here, too.
    @Test func orTheArray() throws {
        let saver = try SaverKernel(copies: 2)
        _ = try savedImage(of: saver)
        #expect(saver.recorded.contains("to \(swapPath)"))
    }

    @Test func aTestKnowsThemByTheirLooks() throws {
        let saver = try saver(disks: 2, of: 2, isTest: true)
        _ = saver.save()
        #expect(saver.messageInOriginal?.text.contains("/dev/vd0, /dev/vd1") == true)
        let strange = try self.saver(disks: 1, of: 2, isTest: true)
        _ = strange.save()
        #expect(strange.messageInOriginal?.text.contains("does not see all 2 disks") == true)
    }
}
