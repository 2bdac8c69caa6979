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

/// `kresume test`: to the saver kernel and back, and nothing is written.
@Suite struct TestWorkflowTests {
    // In B.

    @Test func allIsDoneButWritten() throws {
        let saver = try SaverKernel(isTest: true)
        saver.machine.change { $0.uptime = 1_250_000_000 }
        let before = saver.device.bytes
        _ = saver.save()
        let message = try #require(saver.messageInOriginal)
        #expect(message.outcome == .tested, "\(message.text)")
        let result = try #require(TestResult(message.text))
        #expect(result.memorySize == UInt64(saver.original.pages.count) * 4096)
        #expect(result.imageSize > 0 && result.imageSize < result.memorySize)
        #expect(result.startTime == 1250 && result.device == "/dev/sda2")
        // As much was read in its place.
        #expect(UInt64(saver.device.faults.count(.read)) > result.imageSize / 4096 / 256)
        #expect(saver.device.faults.count(.write) == 0)
        #expect(saver.device.faults.count(.flush) == 0)
        #expect(saver.device.bytes == before)
        #expect(!saver.machine.script.deeds.contains("power off"))
        #expect(!saver.machine.script.deeds.contains("claim /dev/sda2"))
        #expect(saver.recorded.contains("tested; going back"))
    }

    @Test func whatWouldFailIsTold() throws {
        let failures: [(String, (SaverKernel) throws -> Void)] = [
            ("does not see the device", { saver in saver.machine.change { $0.devices = [:] } }),
            (
                "/dev/sda2, /dev/sdb begin with the same bytes",
                { saver in
                    let copy = try saver.device.copy()
                    saver.machine.change { $0.devices["/dev/sdb"] = copy }
                }
            ),
            (
                "the option kresume.test of the saver kernel's command line",
                { saver in
                    saver.machine.change {
                        $0.commandLine = $0.commandLine.replacing(
                            "kresume.test=", with: "kresume.test=x")
                    }
                }
            ),
            (
                "Input/output error",
                { $0.device.faults.add(.error(.ioError), at: 4, of: .read) }
            ),
            (
                "is not in its memory",
                { saver in
                    saver.machine.change {
                        let message = OriginalKernel.messageFrame.address
                        $0.commandLine = $0.commandLine.replacing(
                            "kresume.message=\(message)", with: "kresume.message=0x200000")
                    }
                }
            ),
        ]
        for (words, change) in failures {
            let saver = try SaverKernel(isTest: true)
            try change(saver)
            _ = saver.save()
            #expect(saver.recorded.contains(words), "\(words): \(saver.recorded.lines)")
            #expect(saver.hasJumped, "\(words)")
            #expect(saver.device.faults.count(.write) == 0, "\(words)")
        }
    }

    /// Of these two a hibernation would have prepared one.
    @Test func aDeviceOfAnotherSizeIsNotTheOne() throws {
        let saver = try SaverKernel(isTest: true)
        let larger = try ScriptedDevice(
            saver.device.bytes + [0, 0, 0, 0], number: DeviceNumber(major: 8, minor: 9))
        saver.machine.change { $0.devices["/dev/sdb"] = larger }
        _ = saver.save()
        #expect(saver.messageInOriginal?.outcome == .tested)
    }

    @Test func aDeviceThatIsTooSmallIsTold() throws {
        let saver = try SaverKernel(areaPages: 40, isTest: true)
        _ = saver.save()
        #expect(saver.messageInOriginal?.text.contains("is full") == true)
    }

    @Test func aTestCanBeCancelled() throws {
        let saver = try SaverKernel(isTest: true)
        saver.machine.change { $0.key = (.power, after: 2) }
        _ = saver.save()
        #expect(saver.messageInOriginal == MessagePage(.cancelled, "the power key"))
    }

    // In A.

    private func test(
        _ machine: ScriptedMachine, _ recorded: RecordedReport = RecordedReport()
    ) throws -> Hibernate.Outcome {
        var hibernate = Hibernate(machine, recorded.report)
        hibernate.location = ImageLocation(.path(swapPath))
        hibernate.isTest = true
        return try hibernate.run()
    }

    private func answer(_ machine: ScriptedMachine, _ message: MessagePage) {
        machine.change { script in
            script.whenJumping = { machine throws(PlatformError) in
                for memory in machine.script.pinned where memory.pageCount > 0 {
                    memory.store(message.bytes, in: PageFrame(0x3000))
                }
            }
        }
    }

    @Test func swapStaysOnAndNothingIsWritten() throws {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        machine.change {
            $0.hasEFI = true
            $0.swaps[0].used = 3 << 20
        }
        let result = TestResult(
            startTime: 1234, saveTime: 5678, memorySize: 100 << 20, imageSize: 40 << 20,
            device: "/dev/sdx 2")
        answer(machine, MessagePage(.tested, result.description))
        let device = try #require(machine.script.devices[swapPath])
        let before = device.bytes
        #expect(
            try test(machine)
                == .tested(
                    """
                    the saver kernel came up in 1.2 s, saw /dev/sdx 2, and found the way back
                    it would save 100 MiB as 40 MiB in about 5.6 s, and 3 MiB that is swapped out
                    hibernation is expected to work on this machine
                    """))
        #expect(device.bytes == before && device.faults.count(.write) == 0)
        let script = machine.script
        #expect(
            script.deeds == [
                "hold signals back", "notify drivers", "load", "sync", "jump", "unload",
                "drivers may go on",
            ])
        #expect(script.variables.isEmpty && script.undoNote == nil && script.swaps.count == 1)
        #expect(script.sysctls["kernel/numa_balancing"] == "1")
    }

    /// Where the saver looks for it.
    @Test func thePreparedImageIsInMemory() throws {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        let kept = Captured()
        machine.change { script in
            script.whenJumping = { machine throws(PlatformError) in
                let memory = machine.script.pinned.last
                let page = memory?.page(PageFrame(0x3000)) ?? []
                let message = page.withUnsafeBytes { MessagePage($0) }
                let frames = message?.preparedImage ?? []
                kept.set(frames.flatMap { memory?.page($0) ?? [] })
            }
        }
        #expect(throws: HibernateError.self) { try test(machine) }
        let bytes = kept.value
        let record = try StateRecord(parsing: Array(bytes[8192..<12288]))
        let prepared = try PreparedImage(reading: record.id, areaSize: 16 << 20) {
            (offset, count) throws(PlatformError) in
            Array(bytes[Int(offset)..<Int(offset) + count])
        }
        #expect(prepared.signaturePage.kind == .swap)
        #expect(prepared.machine.memoryMap == machine.script.firmwareMap)
    }

    /// An image of an earlier hibernation stays where it is, and is not in the way.
    @Test func anImageThatIsThereStays() throws {
        let saver = try SaverKernel()
        let image = try savedImage(of: saver)
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        let device = try ScriptedDevice(image, number: swapNumber)
        machine.change {
            $0.devices[swapPath] = device
            $0.swaps = []
            $0.memory.free = 499 << 20
        }
        answer(machine, MessagePage(.failed, "no way"))
        let error = #expect(throws: HibernateError.self) { try test(machine) }
        guard case .testFailed("no way")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(device.bytes == image)
    }

    @Test func aCancelledTestIsNoFailure() throws {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        answer(machine, MessagePage(.cancelled, "Escape"))
        #expect(try test(machine) == .cancelled)
    }

    @Test(arguments: ["", "1 2 3 4", "1 2 x 4 /dev/sda"])
    func aResultThatIsNoneIsNoWord(text: String) throws {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        answer(machine, MessagePage(.tested, text))
        let error = #expect(throws: HibernateError.self) { try test(machine) }
        guard case .noWord? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
