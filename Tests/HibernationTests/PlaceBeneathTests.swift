// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import KeyFiles
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Sealing
import SwapArea
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transfer

@testable import Hibernation

/// Images on logical volumes, and encrypted ones on encrypted devices: they are written beneath.
@Suite struct PlaceBeneathTests {
    private static let path: FilePath = "/dev/mapper/inner"
    private static let disk: FilePath = "/dev/sda3"
    private static let number = DeviceNumber(major: 253, minor: 1)
    private static let middle = DeviceNumber(major: 253, minor: 0)
    private static let bottom = DeviceNumber(major: 8, minor: 3)

    private static func part(
        _ page: UInt64, _ count: UInt64, _ below: DeviceNumber, _ pageBelow: UInt64
    ) -> DeviceMapping.Part {
        .init(
            offset: page << 12, size: count << 12, below: [.init(below, pageBelow << 12)])
    }

    /// A logical volume in two pieces, in LUKS, whose header takes 16 pages.
    private static let mappings = [
        number: DeviceMapping(
            parts: [part(0, 2000, middle, 3000), part(2000, 2096, middle, 500)],
            isEncrypting: false),
        middle: DeviceMapping(parts: [part(0, 8000, bottom, 16)], isEncrypting: true),
    ]

    private static func layout(_ runs: [(UInt64, UInt64)]) throws -> AreaLayout {
        try #require(AreaLayout(runs.map { DeviceRun(DevicePage($0.0), count: $0.1) }))
    }

    private func machine() throws -> ScriptedMachine {
        let machine = try HibernateWorkflowTests.machine(swapPages: 16)
        let top = try ScriptedDevice(emptySwap(pages: 4096), number: Self.number)
        let disk = try ScriptedDevice(
            [UInt8](repeating: 0xc3, count: 8192 << 12), number: Self.bottom)
        machine.change {
            $0.devices = [Self.path: top, Self.disk: disk]
            $0.mappings = Self.mappings
            $0.encrypted = [Self.number: "inner", Self.middle: "inner"]
            $0.swaps = [
                ActiveSwap(
                    path: Self.path, isBlockDevice: true, size: 4095 << 12, used: 0, priority: 9)
            ]
        }
        return machine
    }

    /// The same volume without LUKS.
    private func plainMachine() throws -> ScriptedMachine {
        let machine = try machine()
        machine.change {
            $0.mappings = [
                Self.number: DeviceMapping(
                    parts: [
                        Self.part(0, 2000, Self.bottom, 3016),
                        Self.part(2000, 2096, Self.bottom, 516),
                    ], isEncrypting: false)
            ]
            $0.encrypted = [:]
        }
        return machine
    }

    @Test func runsAreFollowedDownToTheLowestDevice() throws {
        let machine = try machine()
        let whole = try Self.layout([(0, 4096)])
        let place = try #require(try PlaceBeneath(whole, on: Self.number, machine))
        #expect(place.devices.map(\.path) == [Self.disk] && place.first.number == Self.bottom)
        #expect(place.layout == (try Self.layout([(3016, 2000), (516, 2096)])))
        let file = try Self.layout([(1990, 20), (5, 1)])
        #expect(
            try PlaceBeneath(file, on: Self.number, machine)?.layout
                == Self.layout([(5006, 10), (516, 10), (3021, 1)]))
        #expect(place.isEncrypted)
        // LUKS on a volume.
        let last = try ScriptedDevice(
            [UInt8](repeating: 0, count: 8200 << 12), number: DeviceNumber(major: 8, minor: 0))
        machine.change {
            $0.devices["/dev/sda"] = last
            $0.mappings[Self.bottom] = DeviceMapping(
                parts: [Self.part(0, 8192, DeviceNumber(major: 8, minor: 0), 7)],
                isEncrypting: false)
        }
        let lowest = try PlaceBeneath(file, on: Self.number, machine)
        #expect(lowest?.first.path == "/dev/sda" && lowest?.isEncrypted == true)
        #expect(try lowest?.layout == Self.layout([(5013, 10), (523, 10), (3028, 1)]))
        let plain = try PlaceBeneath(whole, on: Self.number, plainMachine())
        #expect(plain?.isEncrypted == false && plain?.layout == place.layout)
    }

    @Test func whatCannotBeFollowed() throws {
        let whole = try Self.layout([(0, 4096)])
        func place(_ change: (inout ScriptedMachine.Script) -> Void) throws -> PlaceBeneath? {
            let machine = try machine()
            machine.change(change)
            return try PlaceBeneath(whole, on: Self.number, machine)
        }
        #expect(try place { _ in } != nil)
        #expect(try place { $0.mappings[Self.middle] = nil } == nil)
        #expect(try place { $0.mappings[Self.middle]?.isEncrypting = false } == nil)
        #expect(
            try place { $0.mappings[Self.number]?.parts[1].below[0].device = Self.bottom } == nil)
        #expect(try place { $0.mappings[Self.number]?.parts[1].offset += 4096 } == nil)
        #expect(try place { $0.mappings[Self.middle]?.parts[0].below[0].offset += 512 } == nil)
        #expect(try place { $0.mappings[Self.middle]?.parts[0].below[0].offset = .max } == nil)
        #expect(try place { $0.mappings[Self.number]?.parts[1].size -= 512 } == nil)
        // Both halves at the same place.
        #expect(
            try place { $0.mappings[Self.number]?.parts[1].below[0].offset = 3000 << 12 } == nil)
        #expect(try place { $0.encrypted[Self.bottom] = "outer" } == nil)
        #expect(try place { $0.devices[Self.disk] = nil } == nil)
    }

    // Which images go there.

    private func refusal(
        _ machine: ScriptedMachine, isSealed: Bool, unlock: Bool = false
    ) throws -> String {
        do {
            let target = try TargetDevice(
                ImageLocation(.path(Self.path)), nil, force: false, unlock: unlock,
                isSealed: isSealed, on: machine, RecordedReport().report,
                UndoList(machine, RecordedReport().report))
            return "\(target.path) \(target.offsetPages)"
        } catch { return explanation(of: error) }
    }

    @Test func onlyEncryptedImages() throws {
        let machine = try machine()
        #expect(try refusal(machine, isSealed: true) == "/dev/sda3 3016")
        #expect(try refusal(machine, isSealed: false).contains("and the image would not be"))
        #expect(
            try refusal(machine, isSealed: false, unlock: true) == "/dev/mapper/inner 0")
        #expect(try refusal(machine, isSealed: true, unlock: true) == "/dev/mapper/inner 0")
        machine.change { $0.mappings = [:] }
        #expect(try refusal(machine, isSealed: true).contains("not by LUKS on one device"))
    }

    /// The saver kernel need not put the volume together; the next boot is told of the volume.
    @Test func plainImagesGoBeneathVolumes() throws {
        let machine = try plainMachine()
        for isSealed in [true, false] {
            #expect(try refusal(machine, isSealed: isSealed) == "/dev/sda3 3016")
            #expect(
                try refusal(machine, isSealed: isSealed, unlock: true) == "/dev/mapper/inner 0")
        }
        let target = try TargetDevice(
            ImageLocation(.path(Self.path)), nil, force: false, unlock: false, isSealed: false,
            on: machine, RecordedReport().report, UndoList(machine, RecordedReport().report))
        #expect(target.announced == (Self.path, 0))
        machine.change { $0.mappings[Self.number]?.parts[0].below[0].offset += 512 }
        #expect(try refusal(machine, isSealed: false) == "/dev/mapper/inner 0")
    }

    /// One that a boot has gone past: its signature is also what is wrong on top.
    @Test func anEarlierImageBeneathMayBeReplaced() throws {
        let machine = try machine()
        var top = emptySwap(pages: 4096)
        top.store([UInt8](repeating: 0x5a, count: 10), at: 4086)
        let device = try ScriptedDevice(top, number: Self.number)
        machine.change { $0.devices[Self.path] = device }
        #expect(try refusal(machine, isSealed: true).contains("holds"))
        try putImage(on: machine, isSealed: true)
        #expect(try refusal(machine, isSealed: true) == "/dev/sda3 3016")
        #expect(try refusal(machine, isSealed: true, unlock: true).contains("holds"))
        #expect(try refusal(machine, isSealed: false).contains("holds"))
    }

    // What proves it.

    /// The area, and what is said to be beneath it: the same file, of which each byte is changed as it is
    /// read.
    private func prove(
        _ pread: @escaping DeviceCalls.Transfer, at page: UInt64 = 0, isEncrypted: Bool = true
    ) throws {
        let device = try ScriptedDevice([UInt8](repeating: 0, count: 64 << 12), number: Self.number)
        var calls = DeviceCalls.system
        calls.pread = pread
        let beneath = try BlockDevice(
            Self.disk, backedBy: device.file, number: Self.bottom, isReadOnly: false, calls: calls)
        let area = try ImageArea(
            on: [device.open(Self.path, .readWrite)], layout: Self.layout([(0, 20), (30, 10)]))
        try ProvePlace(
            area: area,
            beneath: ImageArea(on: [beneath], layout: Self.layout([(page, 20), (30 + page, 10)])),
            isEncrypted: isEncrypted, machine: machine()
        ).run()
        // The first page is what swapon reads.
        #expect(device.bytes[..<4096].allSatisfy { $0 == 0 })
    }

    private static func changed(
        by change: @escaping @Sendable () -> UInt8
    ) -> DeviceCalls.Transfer {
        { descriptor, buffer, count, offset in
            let result = DeviceCalls.system.pread(descriptor, buffer, count, offset)
            let key = change()
            for index in 0..<max(0, result) {
                let byte = buffer?.load(fromByteOffset: index, as: UInt8.self) ?? 0
                buffer?.storeBytes(of: byte ^ key, toByteOffset: index, as: UInt8.self)
            }
            return result
        }
    }

    @Test func onlyTheRightPlaceIsProved() throws {
        try prove(Self.changed { 0x55 })
        // One page beside it; in clear; what changes whatever is written.
        #expect(throws: HibernateError.self) { try prove(Self.changed { 0x55 }, at: 1) }
        #expect(throws: HibernateError.self) { try prove(DeviceCalls.system.pread) }
        try prove(DeviceCalls.system.pread, isEncrypted: false)
        #expect(throws: HibernateError.self) {
            try prove(DeviceCalls.system.pread, at: 1, isEncrypted: false)
        }
        #expect(throws: HibernateError.self) {
            try prove(Self.changed { 0x55 }, isEncrypted: false)
        }
        let count = Mutex(UInt8(0))
        #expect(throws: HibernateError.self) {
            try prove(
                Self.changed {
                    count.withLock { count in
                        count += 3
                        return count
                    }
                })
        }
    }

    // There and back.

    private func hibernate(_ machine: ScriptedMachine) -> String {
        let key = OpeningKey.random()
        machine.change {
            $0.files["/etc/kresume/sealing-key"] = SealingKeyFile.serialised(key.sealingKey)
        }
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(Self.path))
        do { _ = try hibernate.run() } catch { return explanation(of: error) }
        return "resumed"
    }

    /// Noise that is written on top and not seen beneath: these are two files.
    @Test func aPlaceThatIsNotProvedIsNotWrittenTo() throws {
        let machine = try machine()
        let before = machine.script.devices[Self.disk]?.bytes
        #expect(hibernate(machine).contains("does not come to /dev/sda3"))
        #expect(machine.script.devices[Self.disk]?.bytes == before)
        #expect(!machine.script.deeds.contains("jump"))
        #expect(machine.script.deeds.last == "swapon /dev/mapper/inner 9")
    }

    /// The first pages of an image beneath.
    private func putImage(on machine: ScriptedMachine, isSealed: Bool) throws {
        let swap = emptySwap(pages: 4096)
        let prepared = try OriginalKernel.prepared(
            swap, isSealed: isSealed, layout: Self.layout([(3016, 2000), (516, 2096)]))
        var front = prepared.firstPages
        front.store(StateRecord(id: OriginalKernel.id, state: .ready).write.bytes, at: 8192)
        front.store("LINHIB0001".utf8, at: 4086)
        var disk = try #require(machine.script.devices[Self.disk]?.bytes)
        disk.store(front, at: 3016 << 12)
        let device = try ScriptedDevice(disk, number: Self.bottom)
        machine.change {
            $0.devices[Self.disk] = device
            $0.swaps = []
        }
    }

    /// By the name of the device above, which a kernel that has unlocked it has.
    @Test func anEncryptedImageBeneathIsFound() throws {
        for isSealed in [true, false] {
            let machine = try machine()
            try putImage(on: machine, isSealed: isSealed)
            let recorded = RecordedReport()
            let find = FindImage(
                named: ImageLocation(.path(Self.path)), configured: nil, wait: nil,
                configuredWait: 0, machine: machine, report: recorded.report)
            let found = try find.find()
            #expect((found?.path == Self.disk) == isSealed)
            #expect(found == nil || found?.offset == 3016 << 12)
            let all = try LocateImages(machine, recorded.report).run(nil)
            #expect(all.map(\.path) == (isSealed ? [Self.disk] : []))
        }
    }

    /// It is to be seen on top, too, where the places that it names are others.
    @Test func anImageBeneathAVolumeIsFound() throws {
        for isSealed in [true, false] {
            let machine = try plainMachine()
            try putImage(on: machine, isSealed: isSealed)
            let disk = try #require(machine.script.devices[Self.disk]?.bytes)
            let top = try ScriptedDevice(
                Array(disk[(3016 << 12)..<(5016 << 12)] + disk[(516 << 12)..<(2612 << 12)]),
                number: Self.number)
            machine.change { $0.devices[Self.path] = top }
            let recorded = RecordedReport()
            let all = try LocateImages(machine, recorded.report).run(
                ImageLocation(.path(Self.path)))
            #expect(all.map(\.path) == [Self.disk])
            #expect(all.map(\.offset) == [3016 << 12])
            // Without the mapping it is a damaged one.
            machine.change { $0.mappings = [:] }
            let damaged = try LocateImages(machine, recorded.report).run(
                ImageLocation(.path(Self.path)))
            #expect(damaged.map(\.isDamaged) == [true])
        }
    }

    /// The volume begins where its disk does, so that the image names places that make sense on both.
    @Test func theSamePlaceOnBoth() throws {
        let machine = try plainMachine()
        let layout = try Self.layout([(0, 2000), (2500, 2096)])
        machine.change {
            $0.mappings[Self.number] = DeviceMapping(
                parts: [
                    Self.part(0, 2000, Self.bottom, 0), Self.part(2000, 2096, Self.bottom, 2500),
                ], isEncrypting: false)
            $0.swaps = []
        }
        var bytes = emptySwap(pages: 4096)
        bytes.store(try OriginalKernel.prepared(bytes, layout: layout).firstPages, at: 0)
        bytes.store(StateRecord(id: OriginalKernel.id, state: .ready).write.bytes, at: 8192)
        bytes.store("LINHIB0001".utf8, at: 4086)
        let top = try ScriptedDevice(bytes + emptySwap(pages: 600), number: Self.number)
        let disk = try ScriptedDevice(bytes + emptySwap(pages: 600), number: Self.bottom)
        machine.change { $0.devices = [Self.path: top, Self.disk: disk] }
        let report = RecordedReport().report
        let found = try FoundImage.find(at: Self.path, offset: 0, on: machine, report)
        #expect(found?.path == Self.disk && found?.isDamaged == false)
        machine.change { $0.mappings = [:] }
        let alone = try FoundImage.find(at: Self.path, offset: 0, on: machine, report)
        #expect(alone?.path == Self.path)
    }

    /// What is built on the device keeps it claimed. Only one that says where it is can be changed then.
    @Test func anImageBeneathCanBeDropped() throws {
        let machine = try machine()
        try putImage(on: machine, isSealed: true)
        machine.change { $0.failures["claim"] = .call(.open, path: Self.disk, .resourceBusy) }
        let discard = DiscardImage(machine, RecordedReport().report)
        #expect(try discard.run(ImageLocation(.path(Self.disk), offsetPages: 3016)))
        let bytes = try #require(machine.script.devices[Self.disk]?.bytes)
        #expect(signature(Array(bytes[(3016 << 12)...].prefix(4096))) == .swap)
    }
}
