// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SwapArea
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// Swap files as targets: their blocks are written to, on the device of a mounted file system.
@Suite struct SwapFileTests {
    private static let path: FilePath = "/swap/file"

    /// Of 2048 pages, in three places of ``swapPath``, which has 8192.
    private static let extents = [
        FileBlocks.Extent(offset: 0, deviceOffset: 512 << 12, size: 512 << 12),
        FileBlocks.Extent(offset: 512 << 12, deviceOffset: 1024 << 12, size: 512 << 12),
        FileBlocks.Extent(offset: 1024 << 12, deviceOffset: 4096 << 12, size: 1024 << 12),
    ]

    private static func blocks(
        _ extents: [FileBlocks.Extent] = extents, size: UInt64 = 2048 << 12
    ) -> FileBlocks {
        FileBlocks(fileSystem: .ext4, device: swapPath, size: size, extents: extents)
    }

    /// A machine that can hibernate, with that file as its only swap.
    private func machine() throws -> ScriptedMachine {
        let machine = try HibernateWorkflowTests.machine(swapPages: 16)
        var disk = [UInt8](repeating: 0xd1, count: 8192 << 12)
        let swap = emptySwap(pages: 2048)
        disk.store(swap[..<4096], at: 512 << 12)
        let device = try ScriptedDevice(disk, number: swapNumber)
        let file = try ScriptedDevice(swap, number: nil)
        machine.change {
            $0.devices = [swapPath: device, Self.path: file]
            $0.blocks = [Self.path: Self.blocks()]
            $0.mounts = [
                Mount(
                    number: swapNumber, mountPoint: "/swap", fileSystem: "ext4",
                    source: "/dev/sda2", isReadOnly: false)
            ]
            $0.swaps = [
                ActiveSwap(
                    path: Self.path, isBlockDevice: false, size: 2047 << 12, used: 0, priority: 3)
            ]
        }
        return machine
    }

    private func hibernate(
        _ machine: ScriptedMachine, _ named: ImageLocation?,
        _ recorded: RecordedReport = RecordedReport(), isTest: Bool = false
    ) -> String {
        var hibernate = Hibernate(machine, recorded.report)
        hibernate.location = named
        hibernate.isTest = isTest
        hibernate.freezing = .always
        do { _ = try hibernate.run() } catch { return explanation(of: error) }
        return "resumed"
    }

    // What a file's blocks are.

    @Test func adjacentExtentsAreOne() throws {
        let layout = try AreaLayout(Self.blocks())
        #expect(
            layout.extents.map(\.run) == [
                DeviceRun(DevicePage(512), count: 1024), DeviceRun(DevicePage(4096), count: 1024),
            ])
        let near = [
            FileBlocks.Extent(offset: 0, deviceOffset: 8192, size: 8192),
            FileBlocks.Extent(offset: 8192, deviceOffset: 16384, size: 8192),
        ]
        #expect(try AreaLayout(Self.blocks(near, size: 16000)).runs.map(\.count) == [3])
    }

    @Test(
        arguments: [
            ([], 8192, .hole(at: 0)), ([(0, 4096, 4096, .own)], 8192, .hole(at: 4096)),
            ([(0, 4096, 4096, .own), (8192, 40960, 4096, .own)], 12288, .hole(at: 4096)),
            ([(4096, 4096, 4096, .own)], 8192, .hole(at: 0)),
            ([(0, 4096, 8192, .shared)], 8192, .shared),
            ([(0, 4096, 8192, .other)], 8192, .notPlain),
            ([(0, 1024, 8192, .own)], 8192, .unaligned),
            ([(0, 4096, 1024, .own), (1024, 65536, 7168, .own)], 8192, .unaligned),
            ([(0, 4096, 4096, .own), (4096, 4096, 4096, .own)], 8192, .notPlain),
            ([(0, 4096, 8192, .own)], 4095, .empty),
        ] as [([(UInt64, UInt64, UInt64, FileBlocks.Kind)], UInt64, SwapFileFlaw)])
    func whatIsNoPlaceForAnImage(
        extents: [(UInt64, UInt64, UInt64, FileBlocks.Kind)], size: UInt64, flaw: SwapFileFlaw
    ) {
        let blocks = Self.blocks(
            extents.map { .init(offset: $0.0, deviceOffset: $0.1, size: $0.2, kind: $0.3) },
            size: size)
        #expect(throws: flaw) { try AreaLayout(blocks) }
        #expect(!flaw.reason.isEmpty)
    }

    // Which file is meant.

    @Test func aFileIsMeantByItsNameItsPlaceOrAsTheOnlySwap() throws {
        for (line, named) in [
            ("", ImageLocation(.path(Self.path))), ("", nil),
            ("", ImageLocation(.path(swapPath), offsetPages: 512)),
            ("resume=/dev/sda2 resume_offset=512", nil),
        ] as [(String, ImageLocation?)] {
            let machine = try machine()
            machine.change { $0.commandLine = line }
            #expect(hibernate(machine, named).contains("without a word"))
            #expect(state(image(machine)) == .prepared, "\(line)")
        }
    }

    @Test func anotherPlaceInAMountedFileSystemIsRefused() throws {
        for offset: UInt64 in [0, 511, 1024] {
            let machine = try machine()
            let location = ImageLocation(.path(swapPath), offsetPages: offset)
            #expect(hibernate(machine, location).contains("mounted on /swap"))
            #expect(machine.script.deeds.allSatisfy { !$0.hasPrefix("swapoff") })
        }
        let offset = ImageLocation(.path(Self.path), offsetPages: 5)
        #expect(try hibernate(machine(), offset).contains("leave the offset away"))
    }

    /// By whatever it is named, the reason is the file's own.
    @Test func whatIsWrongWithTheFileIsSaid() throws {
        for (line, named) in [
            ("", ImageLocation(.path(Self.path))),
            ("", ImageLocation(.path(swapPath), offsetPages: 512)),
            ("resume=/dev/sda2 resume_offset=512", nil),
        ] as [(String, ImageLocation?)] {
            let machine = try machine()
            machine.change {
                $0.commandLine = line
                $0.blocks[Self.path]?.extents[1].kind = .shared
            }
            let refusal = hibernate(machine, named)
            #expect(refusal.contains("/swap/file shares its blocks"), "\(refusal)")
        }
    }

    @Test func whatIsNotAtItsPlaceIsRefused() throws {
        let location = ImageLocation(.path(Self.path))
        let other = try machine()
        other.change { $0.blocks[Self.path]?.extents[0].deviceOffset = 2048 << 12 }
        #expect(hibernate(other, location).contains("is not at the place on /dev/sda2"))
        let unknown = try machine()
        unknown.change { $0.blocks = [:] }
        #expect(hibernate(unknown, location).contains("does not know where its files are"))
        #expect(hibernate(unknown, nil).contains("not /swap/file: it is in a file system"))
        let pair = try machine()
        pair.change { $0.blocks[Self.path]?.device = nil }
        #expect(hibernate(pair, location).contains("(ext4) that is on several devices"))
        for machine in [other, unknown, pair] {
            #expect(machine.script.deeds.allSatisfy { !$0.hasPrefix("swapoff") })
        }
    }

    // What is done to it.

    /// The area at the last jump, taken together.
    private func image(_ machine: ScriptedMachine) -> [UInt8] {
        let disk = machine.script.devicesAtJump[swapPath] ?? []
        return disk.isEmpty
            ? [UInt8](repeating: 0, count: 16384)
            : Self.extents.flatMap { extent in
                disk[Int(extent.deviceOffset)...].prefix(Int(extent.size))
            }
    }

    @Test func nothingButItsBlocksIsWrittenAndAllIsAsBefore() throws {
        let machine = try machine()
        let before = try #require(machine.script.devices[swapPath]?.bytes)
        #expect(hibernate(machine, nil).contains("without a word"))
        let script = machine.script
        let image = image(machine)
        #expect(state(image) == .prepared && signature(image) == .swap)
        let header = try ImageHeader(parsing: Array(image[4096..<8192]))
        #expect(header.hasLayout)
        let layout = try AreaLayout(Self.blocks())
        let told = try AreaLayout.read { (offset, count) throws(PlatformError) in
            Array(image[Int(offset)...].prefix(count))
        }
        #expect(told?.layout == layout)
        var atJump = try #require(script.devicesAtJump[swapPath])
        for extent in Self.extents {
            let place = Int(extent.deviceOffset)..<Int(extent.deviceOffset + extent.size)
            atJump.replaceSubrange(place, with: before[place])
        }
        #expect(atJump == before)

        let after = Array((script.devices[swapPath]?.bytes ?? [])[(512 << 12)...])
        #expect(signature(after) == .swap && state(after) == nil)
        #expect(Array(after[..<4096]) == Array(before[(512 << 12)...].prefix(4096)))
        #expect(script.deeds.contains("swapoff /swap/file"))
        #expect(script.deeds.last == "swapon /swap/file 3")
        #expect(!script.deeds.contains("claim /dev/sda2"))
        #expect(script.loadedAtJump != nil)
    }

    /// When all file systems are at rest it is looked once more where it is.
    @Test func aFileThatMovesIsNotLeftBehind() throws {
        let machine = try machine()
        machine.change { script in
            script.whenCalled = { machine, _ in
                guard machine.script.deeds.contains("freeze /swap") else { return }
                machine.change { $0.blocks[Self.path]?.extents[2].deviceOffset = 6144 << 12 }
            }
        }
        #expect(hibernate(machine, nil).contains("was moved by its file system"))
        #expect(!machine.script.deeds.contains("jump"))
        #expect(machine.script.deeds.contains("thaw /swap"))
        #expect(machine.script.deeds.last == "swapon /swap/file 3")
        let after = Array((machine.script.devices[swapPath]?.bytes ?? [])[(512 << 12)...])
        #expect(signature(after) == .swap && state(after) == nil)
    }

    @Test func aTestWritesNothing() throws {
        let machine = try machine()
        let before = try #require(machine.script.devices[swapPath]?.bytes)
        #expect(hibernate(machine, nil, isTest: true).contains("without a word"))
        #expect(machine.script.deeds.contains("jump"))
        #expect(machine.script.devicesAtJump[swapPath] == before)
        #expect(machine.script.deeds.allSatisfy { !$0.hasPrefix("swapoff") })
    }

    // What is left by one that was killed.

    /// With the note of one that was killed with a prepared image in the file.
    private func killed(_ change: (inout ScriptedMachine.Script) -> Void) throws -> ScriptedMachine
    {
        let machine = try machine()
        let layout = try AreaLayout(Self.blocks())
        var disk = try #require(machine.script.devices[swapPath]?.bytes)
        let swap = Array(disk[(512 << 12)...].prefix(2048 << 12))
        disk.store(try OriginalKernel.prepared(swap, layout: layout).firstPages, at: 512 << 12)
        let device = try ScriptedDevice(disk, number: swapNumber)
        let note = UndoNote(
            owner: ProcessIdentity(number: 7, startTime: 7), boot: UndoNote.boot(machine),
            entries: [
                .swap(Self.path, swapNumber, priority: 3, discard: .none),
                .image(swapPath, swapNumber, offset: 512 << 12, OriginalKernel.id),
            ])
        machine.change {
            $0.devices[swapPath] = device
            $0.undoNote = Array(note.text.utf8)
            change(&$0)
        }
        Repair(machine, RecordedReport().report).run()
        return machine
    }

    private func stateInFile(_ machine: ScriptedMachine) -> ImageState? {
        state(Array((machine.script.devices[swapPath]?.bytes ?? [])[(512 << 12)...]))
    }

    @Test func itsImageIsDroppedAndItsSwapIsOnAgain() throws {
        let machine = try killed { $0.swaps = [] }
        #expect(stateInFile(machine) == nil)
        #expect(machine.script.deeds.last == "swapon /swap/file 3")
    }

    /// Somebody else has swapped to it again: what would be erased may be a page of a process.
    @Test func whereSwapIsOnNothingIsErased() throws {
        let machine = try killed { _ in }
        #expect(stateInFile(machine) == .prepared)
        #expect(machine.script.devices[swapPath]?.faults.count(.write) == 0)
        #expect(machine.script.deeds.allSatisfy { !$0.hasPrefix("swapon") })
        // Also where it cannot be told where that swap is.
        let unknown = try killed {
            $0.blocks = [:]
            $0.swaps[0].path = "/elsewhere"
        }
        #expect(stateInFile(unknown) == .prepared)
    }

    // What comes after it.

    /// The way of every page: from A's memory by way of three places on the disk to its address.
    @Test func everyPageComesHome() throws {
        let layout = try #require(
            AreaLayout([
                DeviceRun(DevicePage(0), count: 40), DeviceRun(DevicePage(700), count: 300),
                DeviceRun(DevicePage(100), count: 600),
            ]))
        var disk = [UInt8](repeating: 0xd1, count: 1024 << 12)
        let swap = emptySwap(pages: 940)
        disk.store(swap[..<4096], at: 0)
        disk.store(try OriginalKernel.prepared(swap, layout: layout).firstPages, at: 0)
        let saver = try SaverKernel(prepared: disk)
        let image = try savedImage(of: saver)
        let kept = 40 << 12..<100 << 12
        #expect(Array(image[kept]) == Array(disk[kept]))
        #expect(Array(image[(1000 << 12)...]) == Array(disk[(1000 << 12)...]))
        #expect(image[(700 << 12)...].prefix(4096).contains { $0 != 0xd1 })

        let restore = try RestoreMachine(image: image)
        let (_, wrong) = restore.resumeToJump()
        #expect(restore.hasJumped && wrong.isEmpty, "\(wrong.prefix(10))")

        // A list that is damaged is no list.
        var damaged = image
        damaged[12288] ^= 1
        let other = try RestoreMachine(image: damaged)
        #expect(explanation(of: other.resume() ?? SaveError.stillRunning).contains("is damaged"))
        #expect(!other.hasJumped)
        let found = try FoundImage.look(at: swapPath, offset: 0, on: other.machine)
        guard case .damaged = found?.kind else {
            Issue.record("\(String(describing: found))")
            return
        }
        // And can be dropped.
        let discard = DiscardImage(other.machine, other.recorded.report)
        #expect(try discard.run(ImageLocation(.path(swapPath))))
        #expect(signature(other.device.bytes) == .swap)
        #expect(Array(other.device.bytes[kept]) == Array(disk[kept]))
    }

    /// Of an image in a file, where its file system is mounted.
    @Test func anImageInAMountedFileSystemCanBeDropped() throws {
        let layout = try #require(AreaLayout([DeviceRun(DevicePage(0), count: 1000)]))
        var disk = emptySwap()
        disk.store(try OriginalKernel.prepared(disk, layout: layout).firstPages, at: 0)
        let image = try savedImage(of: SaverKernel(prepared: disk))
        for (bytes, isDropped) in [(image, true), (try RestoreMachine.image.get(), false)] {
            let machine = try RestoreMachine(image: bytes)
            machine.machine.change {
                $0.failures["claim"] = .call(.open, path: swapPath, .resourceBusy)
            }
            let discard = DiscardImage(machine.machine, machine.recorded.report)
            let done = try? discard.run(ImageLocation(.path(swapPath)))
            #expect(done == (isDropped ? true : nil))
            #expect(signature(machine.device.bytes) == (isDropped ? .swap : .image))
        }
    }
}
