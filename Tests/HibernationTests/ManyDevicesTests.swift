// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import Fingerprint
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// What is looked at while one device of many is waited for.
@Suite struct ManyDevicesTests {
    private static let wanted: FilePath = "/dev/wanted"
    private static let nothing = [UInt8](repeating: 0, count: 65536)

    private func wait(on machine: ScriptedMachine) -> DeviceWait {
        DeviceWait(seconds: 30, machine, RecordedReport().report)
    }

    private func device(_ bytes: [UInt8], _ minor: UInt32, _ faults: Faults = Faults()) throws
        -> ScriptedDevice
    {
        try ScriptedDevice(bytes, number: DeviceNumber(major: 8, minor: minor), faults: faults)
    }

    /// Fifty disks that come one by one, each with an event of its own, and then what is wanted.
    private func machine(_ wanted: [UInt8]) throws -> ScriptedMachine {
        var events: [ScriptedEvent] = []
        for number in 0..<50 as Range<UInt32> {
            let device = try device(Self.nothing, number)
            events.append(
                ScriptedEvent(.blockDevices(["sd\(number)"]), after: 10) {
                    $0.devices[FilePath("/dev/sd\(number)")] = device
                })
        }
        let last = try device(wanted, 50)
        events.append(
            ScriptedEvent(.blockDevices(["wanted"]), after: 10) {
                $0.devices[Self.wanted] = last
            })
        return ScriptedMachine { [events] in $0.events = events }
    }

    /// And what is on its device.
    private func preparedArea() throws -> (FindArea, [UInt8]) {
        let id = try #require(ImageID("000102030405060708090a0b0c0d0e0f"))
        let record = StateRecord(id: id, state: .prepared).write
        var bytes = Self.nothing
        bytes.store(record.bytes, at: Int(record.offset))
        let parameters = SaverParameters(
            image: id, offsetPages: 0, messagePage: PhysicalAddress(0), pagingDepth: .four,
            keepsFreePages: false, compressionLevel: 0)
        return (FindArea(parameters: parameters), bytes)
    }

    /// - Parameter again: how often the one that is wanted is opened once it was found.
    private func expectEachOpenedOnce(_ machine: ScriptedMachine, again: Int = 0) {
        #expect(machine.script.events.isEmpty && machine.script.uptime == 510_000_000)
        var openings = machine.script.openings
        openings[Self.wanted, default: 0] -= again
        #expect(openings.count == 51 && openings.values.allSatisfy { $0 == 1 }, "\(openings)")
    }

    @Test func aTag() throws {
        let machine = try machine(RestoreMachine.image.get())
        let location = ImageLocation(.tag(.uuid, swapUUID))
        #expect(try location.resolve(wait(on: machine)).path == Self.wanted)
        expectEachOpenedOnce(machine)
    }

    @Test func thePreparedArea() throws {
        let (area, bytes) = try preparedArea()
        let machine = try machine(bytes)
        #expect(try area.find(wait(on: machine)).paths == [Self.wanted])
        // It may say that it is on others, too.
        expectEachOpenedOnce(machine, again: 1)
    }

    @Test func aFileSystem() throws {
        var bytes = Self.nothing
        bytes.store(UInt16(0xef53), at: 1024 + 0x38)
        bytes.store([UInt8](repeating: 1, count: 16), at: 1024 + 0x68)
        let state = FileSystemState(.ext, size: UInt64(bytes.count)) { [bytes] offset, count in
            Array(bytes[Int(offset)..<Int(offset) + count])
        }
        let record = FileSystemRecord(
            state: try #require(state), device: Self.wanted.string, kind: "ext4",
            mountPoint: "/data", isReadWrite: true, onlyWarns: false, isAsMounted: false)
        let machine = try machine(bytes)
        let check = FileSystemCheck([record], on: machine)
        try check.wait(wait(on: machine))
        expectEachOpenedOnce(machine)
    }

    /// An image that appears where a device was looked at before: found when the event comes that is about it.
    @Test(arguments: [.blockDevices(["sda2"]), .blockDevice] as [BlockDeviceEvents.Event])
    func contentsThatChange(event: BlockDeviceEvents.Event) throws {
        let machine = ScriptedMachine()
        let image = try RestoreMachine.image.get()
        let (before, after) = (try device(image.map { _ in 0 }, 2), try device(image, 2))
        machine.change {
            $0.devices[swapPath] = before
            $0.events = [
                ScriptedEvent(.blockDevices(["sdb"]), after: 1000),
                ScriptedEvent(event, after: 1000) { $0.devices[swapPath] = after },
            ]
        }
        let location = ImageLocation(.tag(.uuid, swapUUID))
        #expect(try location.resolve(wait(on: machine)).path == swapPath)
        #expect(machine.script.uptime == 2_000_000_000)
    }

    /// Whatever the kernel does not say, the last look is at everything.
    @Test func contentsThatChangeWithoutAnEvent() throws {
        let machine = ScriptedMachine()
        let image = try RestoreMachine.image.get()
        let (before, after) = (try device(image.map { _ in 0 }, 2), try device(image, 2))
        machine.change {
            $0.devices[swapPath] = before
            $0.events = [
                ScriptedEvent(.blockDevices(["sdb"]), after: 1000) { $0.devices[swapPath] = after },
                ScriptedEvent(.blockDevices(["sdc"]), after: 1000),
            ]
        }
        let recorded = RecordedReport()
        let found = try DeviceWait(seconds: 30, machine, recorded.report).until("it") { seen in
            if case .found(let path) = try machine.lookUp(.tag(.uuid, swapUUID), seen) {
                path
            } else {
                nil
            }
        }
        #expect(found == swapPath && machine.script.uptime == 30_000_000_000)
    }

    /// A disk that could not be read at first is asked again, whatever the event is about.
    @Test func whatCouldNotBeRead() throws {
        let machine = ScriptedMachine()
        let faults = Faults()
        faults.add(.error(.ioError), always: .read)
        let (area, bytes) = try preparedArea()
        let (broken, whole) = (try device(bytes, 2, faults), try device(bytes, 2))
        machine.change {
            $0.devices[swapPath] = broken
            $0.events = [
                ScriptedEvent(.blockDevices(["sdb"]), after: 1000),
                ScriptedEvent(.blockDevices(["sdb"]), after: 1000) { $0.devices[swapPath] = whole },
            ]
        }
        #expect(try area.find(wait(on: machine)).paths == [swapPath])
        #expect(machine.script.uptime == 2_000_000_000)
    }
}
