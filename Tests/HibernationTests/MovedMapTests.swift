// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// The tested machine with ACPI's tables in these frames, and perhaps more.
private func map(tables: FrameRange, _ more: MemoryMap.Entry...) -> MemoryMap {
    let holes = FrameSet([tables] + more.map(\.range.wholeFrames))
    let ram = OriginalKernel.ram.subtracting(holes).ranges.map {
        MemoryMap.Entry($0.physicalRange, .ram)
    }
    let firmwares = MemoryMap.tested.entries.filter { $0.type != .ram }
    return MemoryMap(ram + firmwares + [.init(tables.physicalRange, .acpi)] + more)
}

/// Frames with contents, and some without; what moves is in use in one of the two machines, too.
private let before = map(tables: .tested(0xd04, 0xd14))
private let after = map(tables: .tested(0xcfe, 0xd0e))

/// The firmware's memory map is another one than it was.
@Suite struct MovedMapTests {
    private static let image = Result { try savedImage(of: SaverKernel(map: before)) }

    private func restoreMachine(_ map: MemoryMap = after) throws -> RestoreMachine {
        let restore = try RestoreMachine(image: Self.image.get())
        restore.machine.change { script in
            script.firmwareMap = map
            script.acpiTables = [OriginalKernel.dsdt]
            // The rest of this kernel's RAM.
            script.frames = map.ram.intersection(.tested(0x400, 0x2000)).ranges
        }
        return restore
    }

    /// Also what is RAM for the one and not for the other.
    @Test(arguments: [before, after]) func tablesComeBackToWhereTheyWere(map: MemoryMap) throws {
        let restore = try restoreMachine(map)
        // It is about frames that this kernel cannot own.
        #expect(before.ram != after.ram)
        let (_, wrong) = restore.resumeToJump()
        #expect(restore.hasJumped, "\(restore.recorded.lines)")
        #expect(wrong.isEmpty, "\(wrong.prefix(10))")
        #expect(restore.recorded.contains("ACPI's tables lie elsewhere") == (map == after))
    }

    /// Tables that share no large page with RAM are mapped for the hand-off as well.
    @Test func tablesFarFromRAMComeBackToo() throws {
        let far = map(tables: .tested(0xc00, 0x1000))
        let restore = try RestoreMachine(image: savedImage(of: SaverKernel(map: far)))
        restore.machine.change { script in
            script.firmwareMap = far
            script.acpiTables = [OriginalKernel.dsdt]
            script.frames = far.ram.intersection(.tested(0x400, 0x2000)).ranges
        }
        let (_, wrong) = restore.resumeToJump()
        #expect(restore.hasJumped, "\(restore.recorded.lines)")
        #expect(wrong.isEmpty, "\(wrong.prefix(10))")
    }

    /// The hand-off block is written while this kernel still runs, and reads its tables.
    @Test func theHandoffBlockLiesInRAM() throws {
        let original = map(tables: .tested(0x910, 0x920))
        let restore = try RestoreMachine(image: savedImage(of: SaverKernel(map: original)))
        restore.machine.change { script in
            script.firmwareMap = map(tables: .tested(0x8f0, 0x900))
            script.acpiTables = [OriginalKernel.dsdt]
            script.frames = [.tested(0xa00, 0x2000)]
        }
        #expect(restore.resumeToJump().wrong.isEmpty)
        let block = try #require(restore.handoffBlock)
        #expect(block.end <= PageFrame(0x8f0).address)
    }

    @Test func otherTablesAreRefused() throws {
        let restore = try restoreMachine()
        restore.machine.change { $0.acpiTables[0].bytes[5] ^= 1 }
        guard case .otherACPITables? = restore.resume() as? ResumeError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(restore.recorded.contains("DSDT"))
        // Where they have not moved, what they are was never asked.
        let same = try restoreMachine(before)
        same.machine.change { $0.acpiTables = [] }
        _ = same.resume()
        #expect(same.hasJumped)
    }

    /// Whatever else is another: all that the firmware keeps for itself must be where it was.
    @Test func otherDifferencesAreRefused() throws {
        let nonVolatile = MemoryMap.Entry(
            FrameRange.tested(0x3000, 0x3001).physicalRange, .acpiNonVolatile)
        var shorter = after
        shorter.entries[shorter.entries.count - 2].range.end.rawValue += 0x1000
        var unaligned = after
        unaligned.entries[unaligned.entries.count - 1].range.start.rawValue += 0x10
        for map in [map(tables: .tested(0xcfe, 0xd0e), nonVolatile), shorter, unaligned] {
            let restore = try restoreMachine(map)
            guard case .otherMemoryMap? = restore.resume() as? ResumeError else {
                Issue.record("\(map): \(restore.recorded.lines)")
                continue
            }
            #expect(restore.device.faults.count(.write) == 0)
        }
    }

    @Test func imagesWithoutTheTablesAreRefused() throws {
        let restore = try RestoreMachine()
        restore.machine.change { $0.firmwareMap = after }
        guard case .otherMemoryMap? = restore.resume() as? ResumeError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
    }

    // Starting the machine again.

    /// A map that no image of ours was made with, and a boot that may start the machine again twice.
    private func retryMachine(
        _ image: [UInt8]? = nil, option: String = "kresume.retry=2"
    ) throws -> RestoreMachine {
        let restore = try RestoreMachine(image: image)
        restore.machine.change {
            $0.firmwareMap?.entries[2].range.end.rawValue -= 0x1000
            $0.commandLine = "resume=/dev/sda2 \(option)"
        }
        return restore
    }

    private func boot(
        _ restore: RestoreMachine, _ change: (inout Resume) -> Void = { _ in }
    ) -> Bool {
        restore.machine.change { $0.deeds = [] }
        _ = restore.resume {
            $0.location = nil
            $0.isUnattended = true
            change(&$0)
        }
        #expect(!restore.hasJumped)
        return restore.machine.script.deeds.last == "restart"
    }

    private func record(_ restore: RestoreMachine) throws -> StateRecord {
        try StateRecord(parsing: Array(restore.device.bytes[8192..<12288]))
    }

    @Test func theMachineIsStartedAgainSoOften() throws {
        let restore = try retryMachine()
        for count in 1...2 as ClosedRange<UInt32> {
            #expect(boot(restore))
            #expect(restore.recorded.contains("starting the machine again"))
            #expect(restore.recorded.contains("\(count) of 2"))
            let record = try record(restore)
            #expect(record.mapRetries == count && record.state == .ready)
        }
        #expect(!boot(restore))
        #expect(restore.recorded.contains("used up"))
        #expect(restore.recorded.contains("memory map is not the one"))
        #expect(isImage(restore.device.bytes))
        // The right map at last: marked, and the count is not lost if the jump fails.
        restore.machine.change { $0.firmwareMap = .tested }
        _ = restore.resume {
            $0.location = nil
            $0.isUnattended = true
        }
        #expect(restore.hasJumped)
        #expect(
            try record(restore) == StateRecord(id: OriginalKernel.id, state: .ready, mapRetries: 2))
    }

    @Test func onlyIfToldTo() throws {
        let byHand = try retryMachine()
        _ = byHand.resume { $0.location = nil }
        #expect(!byHand.machine.script.deeds.contains("restart"))
        #expect(try !boot(retryMachine(option: "")))
        #expect(try !boot(retryMachine(option: "kresume.retry=0")) { $0.configuredMapRetries = 1 })
        #expect(try boot(retryMachine(option: "")) { $0.configuredMapRetries = 1 })
        #expect(try !boot(retryMachine()) { $0.dryRun = true })
    }

    @Test func onlyWhereNothingElseDiffers() throws {
        let restore = try retryMachine()
        restore.machine.change { $0.invariants = [] }
        #expect(!boot(restore))
        #expect(restore.device.faults.count(.write) == 0)
    }

    /// It would never end.
    @Test(arguments: [Faults.Call.write, .flush])
    func notWithoutTheCountOnTheDisk(call: Faults.Call) throws {
        let restore = try retryMachine()
        restore.device.faults.add(.error(.ioError), at: 1, of: call)
        #expect(!boot(restore))
        #expect(restore.recorded.contains("not started again"))
    }

    @Test func tablesThatChangedMayBeRightAgain() throws {
        let restore = try restoreMachine()
        restore.machine.change {
            $0.acpiTables = []
            $0.commandLine = "resume=/dev/sda2 kresume.retry=1"
        }
        #expect(boot(restore))
    }

    @Test func stockImages() throws {
        let restore = try retryMachine(stockFront())
        let page = { SignaturePage(Array(restore.device.bytes[..<4096])) }
        for _ in 1...2 {
            #expect(boot(restore))
            #expect(page().kind == .swsusp)
            // All that the kernel looks at is as it was.
            #expect(page().bytes[..<2048] == stockFront()[..<2048])
            #expect(page().bytes[2080...] == stockFront()[2080..<4096])
        }
        #expect(!boot(restore))
        #expect(restore.recorded.contains("used up"))
    }

    @Test func stockImagesWithoutAPlaceForTheCount() throws {
        var bytes = stockFront()
        bytes[2050] = 1
        let restore = try retryMachine(bytes)
        #expect(!boot(restore))
        #expect(restore.recorded.contains("no place"))
        #expect(restore.device.faults.count(.write) == 0)
    }
}
