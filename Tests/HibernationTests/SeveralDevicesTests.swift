// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import KresumeImage
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SwapArea
import SystemPackage
import TestSupport
import Testing
import Transfer

@testable import Hibernation

/// Images beneath volumes that are on several devices, striped ones above all.
@Suite struct SeveralDevicesTests {
    private static let top = DeviceNumber(major: 253, minor: 0)
    private static let topPath: FilePath = "/dev/mapper/swap"
    private static let disks = (0..<3).map { DeviceNumber(major: 8, minor: UInt32($0) * 16) }
    private static let paths: [FilePath] = ["/dev/sda", "/dev/sdb", "/dev/sdc"]

    private static func place(_ device: DeviceNumber, _ page: UInt64) -> DeviceMapping.Place {
        .init(device, page << 12)
    }

    // Where the pages are.

    /// 300 rows of 8 pages on each of three disks, and 1000 pages behind them on the second one alone.
    private static let striped = DeviceMapping(
        parts: [
            .init(
                offset: 0, size: 7200 << 12,
                below: [place(disks[2], 50), place(disks[0], 256), place(disks[1], 1000)],
                stripe: 8 << 12),
            .init(offset: 7200 << 12, size: 1000 << 12, below: [place(disks[1], 9000)]),
        ], isEncrypting: false)

    /// The device and page of a page of the volume, computed as dm-stripe does.
    private static func expected(_ page: UInt64) -> (DeviceNumber, UInt64) {
        if page >= 7200 { return (disks[1], 9000 + page - 7200) }
        let (chunk, inChunk) = page.quotientAndRemainder(dividingBy: 8)
        let place = [(disks[2], 50), (disks[0], 256), (disks[1], 1000)][Int(chunk % 3)]
        return (place.0, UInt64(place.1) + chunk / 3 * 8 + inChunk)
    }

    private func machine(
        _ mappings: [DeviceNumber: DeviceMapping], encrypted: [DeviceNumber: String] = [:]
    ) throws -> ScriptedMachine {
        let devices = try zip(Self.paths + [Self.topPath], Self.disks + [Self.top]).map {
            ($0, try ScriptedDevice(emptySwap(pages: 16), number: $1))
        }
        return ScriptedMachine {
            $0.devices = Dictionary(uniqueKeysWithValues: devices)
            $0.mappings = mappings
            $0.encrypted = encrypted
        }
    }

    private func placeBeneath(
        _ runs: [(UInt64, UInt64)], _ machine: ScriptedMachine
    ) throws -> PlaceBeneath? {
        let layout = try #require(
            AreaLayout(runs.map { DeviceRun(DevicePage($0.0), count: $0.1) }))
        return try PlaceBeneath(layout, on: Self.top, machine)
    }

    @Test(
        arguments: [
            [(0, 8200)], [(0, 7200)], [(3, 8190)], [(7, 50), (2000, 3000), (60, 100)], [(0, 30)],
            [(5, 1)],
            [(7190, 20)], [(24, 48)], [(8, 64)],
        ] as [[(UInt64, UInt64)]])
    func everyPageIsWhereTheKernelHasIt(runs: [(UInt64, UInt64)]) throws {
        let place = try #require(try placeBeneath(runs, machine([Self.top: Self.striped])))
        let pages = runs.flatMap { $0.0..<$0.0 + $0.1 }
        #expect(place.layout.size == UInt64(pages.count) << 12)
        #expect(place.devices.count == place.layout.deviceCount)
        let numbers = place.devices.map(\.number)
        let wrong = pages.enumerated().filter { index, page in
            let parts = place.layout.parts(at: UInt64(index) << 12, count: 4096)
            let (device, there) = Self.expected(page)
            return parts.count != 1 || numbers[parts[0].device] != device
                || parts[0].offset != there << 12
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
        // The same in long pieces.
        let long = place.layout.parts(at: 100, count: pages.count << 12)
        #expect(long.reduce(0) { $0 + $1.count } == pages.count << 12 - 100)
        // One page of each device but the first is left out, and all else is there in the same order.
        let kept = place.imageLayout
        #expect(kept.memberPages.count == numbers.count - 1)
        let left = pages.filter { page in
            let (device, there) = Self.expected(page)
            let index = numbers.firstIndex(of: device) ?? 0
            return index == 0 || kept.memberPages[index - 1] != DevicePage(there)
        }
        #expect(kept.size == UInt64(left.count) << 12)
        #expect(left.count == pages.count - numbers.count + 1)
        for (index, page) in left.enumerated() {
            let part = try #require(kept.parts(at: UInt64(index) << 12, count: 1).first)
            let (device, there) = Self.expected(page)
            guard numbers[part.device] == device, part.offset == there << 12 else {
                Issue.record("page \(page): \(part)")
                break
            }
        }
    }

    /// A striped volume is few runs, however large it is.
    @Test func aStripedVolumeIsShort() throws {
        let place = try placeBeneath([(0, 7200)], machine([Self.top: Self.striped]))
        #expect(place?.layout.runs.count == 4 && place?.layout.deviceCount == 3)
        #expect(place?.devices.map(\.path) == ["/dev/sdc", "/dev/sda", "/dev/sdb"])
    }

    private static let middle = DeviceNumber(major: 253, minor: 1)
    private static let other = DeviceNumber(major: 253, minor: 2)

    private static func luks(_ disk: DeviceNumber) -> DeviceMapping {
        DeviceMapping(
            parts: [.init(offset: 0, size: 10_000 << 12, below: [place(disk, 4096)])],
            isEncrypting: true)
    }

    private static func stripes(
        over devices: [DeviceNumber], of stripe: UInt64 = 16 << 12
    ) -> DeviceMapping {
        DeviceMapping(
            parts: [
                .init(
                    offset: 0, size: 2048 << 12, below: devices.map { place($0, 100) },
                    stripe: stripe)
            ], isEncrypting: false)
    }

    /// LUKS on a striped volume, and a striped volume on LUKS.
    @Test func stripesAndLUKS() throws {
        let above = try placeBeneath(
            [(0, 1000)],
            machine(
                [
                    Self.top: DeviceMapping(
                        parts: [
                            .init(offset: 0, size: 1000 << 12, below: [Self.place(Self.middle, 16)])
                        ],
                        isEncrypting: true),
                    Self.middle: Self.stripes(over: Array(Self.disks[..<2])),
                ], encrypted: [Self.top: "top"]))
        // It begins in the second stripe.
        #expect(above?.devices.map(\.number) == [Self.disks[1], Self.disks[0]])
        #expect(above?.isEncrypted == true && above?.layout.first == DevicePage(100))

        let mappings = [
            Self.top: Self.stripes(over: [Self.middle, Self.other]),
            Self.middle: Self.luks(Self.disks[1]), Self.other: Self.luks(Self.disks[2]),
        ]
        let below = try placeBeneath(
            [(0, 2048)],
            machine(mappings, encrypted: [Self.top: "a", Self.middle: "a", Self.other: "b"]))
        #expect(below?.devices.map(\.number) == [Self.disks[1], Self.disks[2]])
        #expect(below?.isEncrypted == true && below?.layout.first == DevicePage(4196))
        #expect(
            below?.layout.parts(at: (16 + 32 + 5) << 12, count: 4096).first
                == .init(device: 1, offset: (4196 + 16 + 5) << 12, count: 4096))
        // One half of it in clear.
        var half = mappings
        half[Self.other] = nil
        let machine = try machine(half, encrypted: [Self.top: "a", Self.middle: "a"])
        let extra = try ScriptedDevice(emptySwap(pages: 16), number: Self.other)
        machine.change { $0.devices["/dev/sdd"] = extra }
        #expect(try placeBeneath([(0, 2048)], machine) == nil)
    }

    @Test func whatCannotBeFollowed() throws {
        let disks = Array(Self.disks[..<2])
        func place(_ mapping: DeviceMapping) throws -> PlaceBeneath? {
            try placeBeneath([(0, 2048)], machine([Self.top: mapping]))
        }
        #expect(try place(Self.stripes(over: disks)) != nil)
        // Too small for what an image begins with.
        #expect(try place(Self.stripes(over: disks, of: 4 << 12)) == nil)
        var odd = Self.stripes(over: disks)
        odd.parts[0].below[1].offset += 512
        #expect(try place(odd) == nil)
        odd = Self.stripes(over: disks)
        odd.parts[0].below[1].offset = .max - 4095
        #expect(try place(odd) == nil)
        // Both stripes at one place.
        odd = Self.stripes(over: [disks[0], disks[0]])
        #expect(try place(odd) == nil)
    }

    /// One device is refused as an array's member, whichever of them it is.
    @Test func arraysAmongThem() throws {
        let machine = try machine([Self.top: Self.stripes(over: Array(Self.disks[..<2]))])
        machine.change {
            $0.devices[Self.topPath] = try? ScriptedDevice(emptySwap(pages: 2048), number: Self.top)
        }
        func target(force: Bool) throws -> TargetDevice {
            try TargetDevice(
                ImageLocation(.path(Self.topPath)), nil, force: force, unlock: false,
                isSealed: false, on: machine, RecordedReport().report,
                UndoList(machine, RecordedReport().report))
        }
        #expect(try target(force: false).path == "/dev/sda")
        machine.change {
            $0.arraysBelow[Self.disks[1]] = DeviceArray(
                name: "md0", level: "raid1",
                mirrors: .init(devices: [Self.disks[2]], dataOffset: 0))
        }
        #expect(throws: HibernateError.self) { try target(force: false) }
        #expect(try target(force: true).mirrored == nil)
    }

    // The way of an image.

    private static let secondPath: FilePath = "/dev/sdb3"
    private static let second = DeviceNumber(major: 8, minor: 19)

    /// From the first page of one device and page 40 of the other on; what is behind the image's beginning by turns.
    private static let layout = Result {
        let columns = [
            AreaRun.Column(0, DeviceRun(DevicePage(16), count: 512)),
            AreaRun.Column(1, DeviceRun(DevicePage(44), count: 512)),
        ]
        let runs = [
            AreaRun(0, DeviceRun(DevicePage(0), count: 16)),
            AreaRun(1, DeviceRun(DevicePage(40), count: 4)),
            try #require(AreaRun(columns, stripe: 2)),
        ]
        return try #require(AreaLayout(runs)?.withMemberPages)
    }

    /// As A leaves them.
    private static let prepared = Result {
        let layout = try Self.layout.get()
        var first = [UInt8](repeating: 0xd1, count: 540 << 12)
        let swap = emptySwap(pages: 1030)
        first.store(swap[..<4096], at: 0)
        first.store(try OriginalKernel.prepared(swap, layout: layout).firstPages, at: 0)
        var other = [UInt8](repeating: 0xd2, count: 580 << 12)
        let page = MemberPage(image: OriginalKernel.id, device: 1)
        other.store(page.bytes, at: Int(layout.memberPages[0].offset))
        return [first, other]
    }

    private func saver(_ other: [UInt8]?) throws -> SaverKernel {
        let saver = try SaverKernel(prepared: Self.prepared.get()[0])
        if let other {
            let device = try ScriptedDevice(other, number: Self.second)
            saver.machine.change { $0.devices[Self.secondPath] = device }
        }
        return saver
    }

    private static let saved = Result {
        let other = try prepared.get()[1]
        let saver = try SeveralDevicesTests().saver(other)
        let captured = Captured()
        saver.machine.change { script in
            script.whenPoweredOff = .call(.reboot, path: nil, .interrupted)
        }
        let first = Captured()
        saver.machine.change {
            $0.whenPoweringOff = {
                first.set($0.script.devices[swapPath]?.bytes ?? [])
                captured.set($0.script.devices[secondPath]?.bytes ?? [])
            }
        }
        _ = saver.save()
        #expect(saver.recorded.contains("to /dev/sda2, /dev/sdb3"))
        return [first.value, captured.value]
    }

    private func restore(_ other: [UInt8]?) throws -> RestoreMachine {
        let restore = try RestoreMachine(image: Self.saved.get()[0])
        if let other {
            let device = try ScriptedDevice(other, number: Self.second)
            restore.machine.change { $0.devices[Self.secondPath] = device }
        }
        return restore
    }

    @Test func everyPageComesHome() throws {
        let saved = try Self.saved.get()
        #expect(isImage(saved[0]) && state(saved[0]) == .ready)
        // Both have a good part of it, and keep what is not the area's.
        for (bytes, fill, start) in [(saved[0], 0xd1, 16), (saved[1], 0xd2, 44)] as [(_, UInt8, _)]
        {
            #expect(bytes[(start << 12)..<((start + 8) << 12)].count { $0 != fill } > 3 << 12)
        }
        #expect(saved[0][(528 << 12)...].allSatisfy { $0 == 0xd1 })
        #expect(saved[1][..<(40 << 12)].allSatisfy { $0 == 0xd2 })
        #expect(saved[1][(556 << 12)...].allSatisfy { $0 == 0xd2 })
        let restore = try restore(saved[1])
        let (_, wrong) = restore.resumeToJump()
        #expect(restore.hasJumped && wrong.isEmpty, "\(wrong.prefix(10))")
    }

    /// It is another image's, or damaged, or is not there, or there are two.
    @Test(arguments: 0..<4)
    func onlyAsAWhole(how: Int) throws {
        var other: [UInt8]? = try Self.prepared.get()[1]
        switch how {
        case 0: other = nil
        case 1: other?[(40 << 12) + 9] ^= 1
        case 2:
            let strange = MemberPage(image: .random(), device: 1)
            other?.store(strange.bytes, at: 40 << 12)
        default: break
        }
        let saver = try saver(other)
        let restore = try restore(how == 3 ? Self.saved.get()[1] : other)
        if how == 3 {
            for machine in [saver.machine, restore.machine] {
                let copy = try ScriptedDevice(
                    machine.script.devices[Self.secondPath]?.bytes ?? [],
                    number: DeviceNumber(major: 8, minor: 99))
                machine.change { $0.devices["/dev/sdc1"] = copy }
            }
        }
        let before = saver.machine.script.devices.mapValues(\.bytes)
        _ = saver.save()
        #expect(saver.messageInOriginal?.outcome == .failed)
        #expect(saver.machine.script.devices.mapValues(\.bytes) == before)

        let error = try #require(restore.resume())
        let words = explanation(of: error)
        #expect(words.contains(how == 3 ? "two devices here say" : "of which only 1 is here"))
        #expect(!restore.hasJumped && isImage(restore.device.bytes))
        // It is there, and stands in the way of a newer one.
        let found = try FoundImage.look(at: swapPath, offset: 0, on: restore.machine)
        #expect(found?.isUnreadable == true && found?.isIncomplete == (how != 3))
    }

    /// What is built on them shows the same, as where a volume was put together here, too.
    @Test func whatIsOnTopIsMeant() throws {
        let saved = try Self.saved.get()
        let restore = try restore(nil)
        let below = try ScriptedDevice(saved[1], number: Self.second, holders: ["dm-7"])
        let top = try ScriptedDevice(saved[1], number: DeviceNumber(major: 253, minor: 7))
        restore.machine.change {
            $0.devices["/dev/dm-7"] = top
            $0.devices[Self.secondPath] = below
        }
        _ = restore.resumeToJump()
        #expect(restore.hasJumped)
        #expect((restore.machine.script.openings["/dev/dm-7"] ?? 0) > 1)
    }

    @Test func theRestoreKernelWaits() throws {
        let restore = try restore(nil)
        let late = try ScriptedDevice(Self.saved.get()[1], number: Self.second)
        restore.machine.change {
            $0.events = [
                ScriptedEvent(.blockDevices(["sdz"]), after: 10),
                ScriptedEvent(.blockDevices(["sdb3"]), after: 10) {
                    $0.devices[Self.secondPath] = late
                },
            ]
            $0.whenJumping = { _ throws(PlatformError) in
                throw .call(.reboot, path: nil, .ioError)
            }
        }
        _ = restore.resume { $0.wait = 30 }
        #expect(restore.hasJumped && restore.recorded.contains("waiting for the other devices"))
    }

    @Test func theSaverWaits() throws {
        let saver = try saver(nil)
        let late = try ScriptedDevice(Self.prepared.get()[1], number: Self.second)
        saver.machine.change {
            $0.events = [
                ScriptedEvent(.blockDevices(["sdb3"]), after: 10) {
                    $0.devices[Self.secondPath] = late
                }
            ]
        }
        let orders = try #require(
            try SaverOrders(KernelCommandLine(parsing: saver.machine.script.commandLine)))
        let wait = DeviceWait(seconds: 30, saver.machine, RecordedReport().report)
        let place = try FindArea(parameters: orders.parameters).find(wait)
        #expect(place.paths == [swapPath, Self.secondPath])
    }

    /// Nothing is written for it, so the devices are known by their looks.
    @Test func aTest() throws {
        let saver = try SaverKernel(isTest: true)
        let other = try ScriptedDevice(
            [UInt8](repeating: 0xd2, count: 64 << 12), number: Self.second)
        let marks = try [
            DeviceMark(of: saver.device.open(swapPath, .read), offset: 0),
            DeviceMark(of: other.open(Self.secondPath, .read), offset: 0),
        ]
        var parameters = SaverParameters(
            image: OriginalKernel.id, offsetPages: 0, messagePage: PhysicalAddress(4096),
            pagingDepth: .four, keepsFreePages: true, compressionLevel: 3, test: marks)
        let line = parameters.options.text + " kexec_jump_back_entry=0x1000"
        let orders = try #require(try SaverOrders(KernelCommandLine(parsing: line)))
        #expect(orders.parameters.test == marks)
        let find = FindArea(parameters: orders.parameters)
        let wait = DeviceWait(seconds: 0, saver.machine, RecordedReport().report)
        #expect(throws: SaveError.self) { try find.find(wait) }
        saver.machine.change { $0.devices[Self.secondPath] = other }
        #expect(try find.find(wait).paths == [swapPath, Self.secondPath])
        parameters.test = nil
        let bad = parameters.options.text + " kexec_jump_back_entry=0x1000 kresume.test=1:2,"
        #expect(throws: SaverOptionError.self) { try SaverOrders(KernelCommandLine(parsing: bad)) }
    }
}
