// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import KresumeImage
import LinuxPlatform
import SwapArea
import SystemPackage
import TestSupport
import Testing
import Transfer

@testable import Hibernation

/// Which device takes the image, and what must not be overwritten.
@Suite struct TargetDeviceTests {
    private func machine(_ bytes: [UInt8]) throws -> ScriptedMachine {
        let device = try ScriptedDevice(bytes, number: swapNumber)
        return ScriptedMachine { $0.devices[swapPath] = device }
    }

    @discardableResult
    private func target(
        on machine: ScriptedMachine, _ named: FilePath? = swapPath, configured: FilePath? = nil,
        force: Bool = false, unlock: Bool = false, isSealed: Bool = false,
        _ recorded: RecordedReport = RecordedReport()
    ) throws -> TargetDevice {
        try TargetDevice(
            named.map { ImageLocation(.path($0)) },
            configured.map { ConfiguredLocation(device: .path($0)) }, force: force, unlock: unlock,
            isSealed: isSealed, on: machine, recorded.report,
            UndoList(machine, RecordedReport().report))
    }

    private func refusal(
        on machine: ScriptedMachine, force: Bool = false, unlock: Bool = false
    ) -> String {
        do { try target(on: machine, force: force, unlock: unlock) } catch {
            return explanation(of: error)
        }
        return "none"
    }

    @Test func swapIsTaken() throws {
        #expect(try target(on: machine(emptySwap())).path == swapPath)
    }

    @Test func anImageOfOursIsTaken() throws {
        #expect(try target(on: machine(RestoreMachine.image.get())).path == swapPath)
    }

    @Test func whatIsMountedIsRefusedEvenByForce() throws {
        let machine = try machine(emptySwap())
        machine.change {
            $0.mounts = [
                Mount(
                    number: swapNumber, mountPoint: "/srv", fileSystem: "ext4",
                    source: "/dev/sda2", isReadOnly: false)
            ]
        }
        #expect(refusal(on: machine, force: true).contains("mounted on /srv"))
    }

    /// An ext2 superblock: nobody's swap.
    private var fileSystem: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.store(UInt32(64), at: 1024)  // inodes
        bytes.store(UInt32(256), at: 1028)  // blocks
        bytes.store(UInt32(2), at: 1024 + 24)  // block size 4096
        bytes.store(UInt16(0xef53), at: 1024 + 56)
        bytes.store(UInt32(1), at: 1024 + 76)
        return bytes
    }

    @Test func otherContentsAreRefusedButByForce() throws {
        let machine = try machine(fileSystem)
        #expect(refusal(on: machine).contains("holds ext2"))
        #expect(refusal(on: machine, force: true) == "none")
    }

    @Test func whatNobodyKnowsIsRefused() throws {
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(refusal(on: try machine(bytes)).contains("no swap"))
    }

    /// Swap, and beside its header a partition table: somebody's disk.
    @Test func aPartitionTableIsRefused() throws {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.store([0x80, 0, 2, 0, 0x83, 0, 3, 0], at: 446)
        bytes.store(UInt32(8), at: 454)
        bytes.store(UInt32(64), at: 458)
        bytes.store([0x55, 0xaa], at: 510)
        #expect(refusal(on: try machine(bytes)).contains("partition table (dos)"))
    }

    @Test func anOffsetBeyondAllDevicesIsRefused() throws {
        for pages in [UInt64(1) << 20, 1 << 52, .max] {
            let machine = try machine(emptySwap())
            for force in [false, true] {
                #expect(throws: (any Error).self) {
                    let target = try TargetDevice(
                        ImageLocation(.path(swapPath), offsetPages: pages), nil, force: force,
                        unlock: false, isSealed: false, on: machine, RecordedReport().report,
                        UndoList(machine, RecordedReport().report))
                    let area = try target.claim()
                    if area.size == 0 { throw HibernateError.noWord }
                }
            }
        }
    }

    @Test func badPagesAreRefused() throws {
        var bytes = emptySwap()
        bytes.store(UInt32(1), at: 1032)
        #expect(refusal(on: try machine(bytes)).contains("bad pages"))
    }

    @Test func anEncryptedDeviceIsRefusedUnlessTheSaverUnlocksIt() throws {
        let machine = try machine(emptySwap())
        machine.change { $0.encrypted[swapNumber] = "cryptswap" }
        #expect(refusal(on: machine).contains("cryptswap"))
        #expect(refusal(on: machine, unlock: true) == "none")
    }

    @Test(
        arguments: [
            (.memory("zram0"), "disk in memory", false),
            (.fileInMemory("loop0", "/tmp/swap"), "a file in memory", false),
            (.file("loop0", "/swap"), "shows the file /swap", true),
            (.plainKey(mapping: "cryptswap"), "as with a random key", true),
            (.remote("nbd0"), "behind nbd0", true),
        ] as [(StorageFlaw, String, Bool)])
    func whatWouldLoseTheImageIsRefused(flaw: StorageFlaw, words: String, yields: Bool) throws {
        let machine = try machine(emptySwap())
        machine.change { $0.flaws[swapNumber] = flaw }
        let refusal = refusal(on: machine)
        #expect(refusal.contains(words) && refusal.contains("--force") == yields, "\(refusal)")
        #expect((self.refusal(on: machine, force: true) == "none") == yields)
    }

    @Test func aWriteProtectedDeviceIsRefusedEvenByForce() throws {
        let device = try ScriptedDevice(emptySwap(), number: swapNumber, isReadOnly: true)
        let machine = ScriptedMachine { $0.devices[swapPath] = device }
        #expect(refusal(on: machine, force: true).contains("write-protected"))
    }

    @Test func aDeviceThatCannotBeReadIsRefused() throws {
        let machine = try machine(emptySwap())
        machine.script.devices[swapPath]?.faults.add(.error(.ioError), always: .read)
        #expect(refusal(on: machine).contains("Input/output error"))
    }

    @Test func aDeviceThatIsNotThereIsRefused() throws {
        #expect(throws: MachineError.self) { try target(on: ScriptedMachine()) }
    }

    // Where the image goes if nobody says.

    private func machineWithSwaps() throws -> ScriptedMachine {
        let machine = ScriptedMachine()
        for (index, path) in [swapPath, "/dev/sdb1", "/dev/sdc1"].enumerated() {
            let device = try ScriptedDevice(
                emptySwap(), number: DeviceNumber(major: 8, minor: 2 + UInt32(index)))
            machine.change {
                $0.devices[path] = device
                $0.swaps.append(
                    ActiveSwap(
                        path: path, isBlockDevice: path != "/dev/sdc1",
                        size: UInt64(index + 1) << 20, used: 0, priority: -2))
            }
        }
        return machine
    }

    @Test func theCommandLineSaysFirst() throws {
        let machine = try machineWithSwaps()
        machine.change { $0.commandLine = "resume=/dev/sda2 resume_offset=8" }
        let target = try target(on: machine, nil, configured: "/dev/sdb1", force: true)
        #expect(target.path == swapPath && target.offsetPages == 8)
    }

    @Test func thenTheConfiguration() throws {
        #expect(try target(on: machineWithSwaps(), nil, configured: swapPath).path == swapPath)
    }

    @Test func thenTheLargestPartitionInUse() throws {
        #expect(try target(on: machineWithSwaps(), nil).path == "/dev/sdb1")
    }

    /// Of a partition of 1 MiB, one of 2 and a file of 3, the second is memory.
    @Test func whatWouldLoseTheImageIsPassedOver() throws {
        let machine = try machineWithSwaps()
        machine.change { $0.flaws[DeviceNumber(major: 8, minor: 3)] = .memory("zram0") }
        let recorded = RecordedReport()
        // Force is for the one that is named.
        #expect(try target(on: machine, nil, force: true, recorded).path == swapPath)
        #expect(
            recorded.lines == [
                "/dev/sda2 is the largest swap in use that can hold an image",
                "not /dev/sdc1: it is in a file system of which kresume does not know where its files are "
                    + "on the disk: ext4, xfs and btrfs can be used",
                "not /dev/sdb1: zram0 is a disk in memory, which is empty after the machine was off",
            ])
    }

    @Test func whyEachWasPassedOverIsSaid() throws {
        let machine = try machineWithSwaps()
        machine.change {
            $0.flaws[swapNumber] = .remote("nbd0")
            $0.flaws[DeviceNumber(major: 8, minor: 3)] = .memory("zram0")
        }
        let error = #expect(throws: HibernateError.self) { try target(on: machine, nil) }
        let sentence = error?.explanation ?? ""
        for words in [
            "not /dev/sdc1: it is in a file system", "not /dev/sdb1: zram0",
            "not /dev/sda2: another",
        ] {
            #expect(sentence.contains(words), "\(sentence)")
        }
    }

    /// Memory that was to be encrypted does not go to another partition instead.
    @Test func anEncryptedPartitionIsNotPassedOver() throws {
        let machine = try machineWithSwaps()
        machine.change { $0.encrypted[DeviceNumber(major: 8, minor: 3)] = "cryptswap" }
        let error = #expect(throws: HibernateError.self) { try target(on: machine, nil) }
        #expect(error?.explanation.contains("/dev/sdb1 is encrypted") == true)
    }

    @Test func whatTheCommandLineNamesIsNotPassedOver() throws {
        let machine = try machineWithSwaps()
        machine.change {
            $0.commandLine = "resume=/dev/sda2"
            $0.flaws[swapNumber] = .memory("zram0")
        }
        let recorded = RecordedReport()
        let error = #expect(throws: HibernateError.self) { try target(on: machine, nil, recorded) }
        #expect(error?.explanation.hasPrefix("/dev/sda2 cannot hold an image") == true)
        #expect(recorded.lines == ["resume= of the kernel command line names /dev/sda2"])
    }

    @Test func withoutAnyNoneIsTaken() throws {
        let error = #expect(throws: HibernateError.self) { try target(on: ScriptedMachine(), nil) }
        #expect(
            error?.explanation
                == "there is no swap in use: name a swap partition or a swap file")
    }

    // Swap that is in use.

    private func swappedMachine(used: UInt64, available: UInt64) throws -> ScriptedMachine {
        let machine = try machine(emptySwap())
        machine.change {
            $0.swaps = [
                ActiveSwap(
                    path: swapPath, isBlockDevice: true, size: 4 << 20, used: used, priority: 5)
            ]
            $0.memory.available = available
        }
        return machine
    }

    @Test func whatIsSwappedOutMustFitMemory() throws {
        let machine = try swappedMachine(used: 3 << 20, available: 10 << 20)
        let target = try target(on: machine)
        #expect(throws: HibernateError.self) { try target.stopSwapping(leaving: 8 << 20) }
        #expect(machine.script.deeds.isEmpty)
        try target.stopSwapping(leaving: 7 << 20)
        try target.swapAgain()
        #expect(machine.script.deeds == ["swapoff /dev/sda2", "swapon /dev/sda2 5"])
    }

    @Test func aClaimTakesAnEarlierImageAway() throws {
        let machine = try machine(RestoreMachine.image.get())
        _ = try target(on: machine).claim()
        let bytes = try #require(machine.script.devices[swapPath]?.bytes)
        #expect(signature(bytes) == .swap && state(bytes) != .ready)
    }
}
