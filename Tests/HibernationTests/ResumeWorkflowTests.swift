// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Restore
import SaverPlan
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

@Suite struct ResumeWorkflowTests {
    /// The whole way of every page, from A's memory by way of the disk to its physical address.
    @Test func everyPageComesHome() throws {
        let restore = try RestoreMachine()
        let (memory, wrong) = restore.resumeToJump()
        #expect(restore.hasJumped)
        #expect(wrong.isEmpty, "\(wrong.prefix(10))")
        let message = memory[OriginalKernel.messageFrame.rawValue]?.withUnsafeBytes {
            MessagePage($0)
        }
        let seed = [UInt8](repeating: 0x5e, count: 64)
        #expect(message?.outcome == .resumed && message?.seed == seed)
        let report = ReturnReport(message?.text ?? "")
        #expect(report.release == "6.12.1-test" && report.memorySize > report.imageSize / 2)
        #expect(report.saver.count == 1)
        #expect(report.saver.first?.hasPrefix("Linux 6.12.1-test, boot ") == true)
        #expect(report.saver.first?.contains(", data ") == true)
        for phase in ["boot ", ", tables ", ", memory ", ", pages ", ", hand-off ", ", mark "] {
            #expect(report.times.contains(phase), "\(report.times)")
        }
        #expect(report.lines.first?.hasPrefix("found an image of Linux ") == true)
        #expect(report.lines.contains("going back"))
    }

    /// The boot goes on, and its user asks why.
    @Test func whyItWasNotResumedIsKept() throws {
        let restore = try RestoreMachine()
        restore.machine.change { $0.movedPages = 3 }
        _ = restore.resume()
        let text = try #require(try Status(restore.machine).run())
        let lines = text.split(separator: "\n")
        #expect(lines.first?.hasSuffix(" UTC: the image on /dev/sda2 was not resumed") == true)
        #expect(lines.dropFirst().first == "Linux 6.12.1-test said:")
        #expect(lines.last == restore.recorded.lines.last.map { "    \($0)" }, "\(text)")

        let plan = try RestoreMachine()
        _ = plan.resume { $0.dryRun = true }
        #expect(try Status(plan.machine).run() == nil)
    }

    @Test func theMarkIsOnTheDiskAtTheJumpAndTakenBackWhereItFails() throws {
        let restore = try RestoreMachine()
        #expect(restore.resume() as? PlatformError == .call(.reboot, path: nil, .ioError))
        #expect(state(restore.bytesAtJump) == .resuming)
        #expect(state(restore.device.bytes) == .ready && isImage(restore.device.bytes))
        #expect(restore.machine.script.deeds.suffix(2) == ["jump", "unload"])
        #expect(restore.machine.script.sysctls["vm/compact_unevictable_allowed"] == "1")
    }

    @Test func nothingIsMarkedWhereTheHandoffCannotBeLoaded() throws {
        let restore = try RestoreMachine()
        restore.machine.change {
            $0.failures["loadKexec"] = .call(.kexecLoad, path: nil, .noMemory)
        }
        #expect(restore.resume() as? PlatformError == .call(.kexecLoad, path: nil, .noMemory))
        #expect(!restore.hasJumped && restore.device.faults.count(.write) == 0)
    }

    @Test func framesThatMovedAreNoticedBeforeTheJump() throws {
        let restore = try RestoreMachine()
        restore.machine.change { $0.movedPages = 3 }
        #expect(restore.resume() as? RestoreError == .framesMoved(count: 3))
        #expect(!restore.hasJumped && state(restore.device.bytes) == .ready)
    }

    /// As the kernel tells them while it moves pages: one of ours is told before it goes, and the
    /// one that gets its frame afterwards.
    @Test func aFrameBehindTwoPagesIsNoticed() throws {
        let restore = try RestoreMachine()
        restore.machine.change { $0.frames = [.tested(0x400, 0x410), .tested(0x400, 0x2000)] }
        #expect(restore.resume() as? RestoreError == .framesMoved(count: 16))
    }

    @Test func whatCannotBeMarkedIsNotJumpedInto() throws {
        for call in [Faults.Call.write, .flush] {
            let restore = try RestoreMachine()
            restore.device.faults.add(.error(.ioError), at: 1, of: call)
            #expect(restore.resume() is PlatformError)
            #expect(!restore.hasJumped && state(restore.device.bytes) == .ready)
        }
    }

    @Test func aMarkThatStaysIsTold() throws {
        let restore = try RestoreMachine()
        restore.device.faults.add(.error(.ioError), at: 2, of: .write)
        _ = restore.resume()
        #expect(state(restore.device.bytes) == .resuming)
        #expect(restore.recorded.contains("the image stays marked as tried"))
    }

    @Test func whatWasTriedIsNotTriedAgain() throws {
        let restore = try RestoreMachine()
        let tried = try ScriptedDevice(
            markedResuming(RestoreMachine.image.get()), number: swapNumber)
        restore.machine.change { $0.devices[swapPath] = tried }
        guard case .alreadyTried(swapPath)? = restore.resume() as? ResumeError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(!restore.hasJumped)
        _ = restore.resume { $0.retry = true }
        #expect(restore.hasJumped)
        // It was marked before, so it stays.
        #expect(state(tried.bytes) == .resuming)
    }

    @Test func everyRefusalLeavesTheImage() throws {
        let refusals: [(String, (inout ScriptedMachine.Script) -> Void)] = [
            ("needs root", { $0.capabilities = [] }),
            ("has no kexec", { $0.kexecSupport = .notBuilt }),
            (
                "is locked down",
                {
                    $0.kexecSupport = .notPermitted
                    $0.lockdown = .integrity
                }
            ),
            (
                "turned off until the next boot",
                {
                    $0.kexecSupport = .notPermitted
                    $0.sysctls["kernel/kexec_load_disabled"] = "1"
                }
            ),
            (
                "file systems are mounted",
                {
                    $0.mounts = [
                        Mount(
                            number: DeviceNumber(major: 8, minor: 1), mountPoint: "/sysroot",
                            fileSystem: "ext4", source: "/dev/sda1", isReadOnly: true)
                    ]
                }
            ),
            (
                "in use as swap",
                {
                    $0.swaps = [
                        ActiveSwap(
                            path: "/dev/sdz", isBlockDevice: true, size: 1, used: 0, priority: 0)
                    ]
                }
            ),
            ("memory map is not", { $0.firmwareMap?.entries[2].range.end.rawValue -= 0x1000 }),
            ("does not show the firmware's memory map", { $0.firmwareMap = nil }),
            ("hardware has changed", { $0.invariants.append("pci 0000:00:02.0 8086:100e") }),
            ("not enough memory", { $0.memory.available = 30 << 20 }),
        ]
        for (words, change) in refusals {
            let restore = try RestoreMachine()
            restore.machine.change(change)
            let error = restore.resume()
            let said = restore.recorded.lines + [error.map { explanation(of: $0) } ?? "nothing"]
            #expect(said.contains { $0.contains(words) }, "\(words): \(said)")
            #expect(!restore.hasJumped, "\(words)")
            #expect(restore.device.faults.count(.write) == 0, "\(words)")
        }
    }

    /// The machine's pages would come for ever; the first chunk is bad.
    @Test(.timeLimit(.minutes(1))) func aBadChunkStopsThePinning() throws {
        let restore = try RestoreMachine()
        var bytes = try RestoreMachine.image.get()
        let area = UInt64(bytes.count)
        let image = try #require(
            try HibernationImage.read(areaSize: area) { offset, count in
                Array(bytes[Int(offset)..<Int(offset) + count])
            })
        for chunk in image.chunks { bytes[Int(chunk.offset)] ^= 1 }
        let damaged = try ScriptedDevice(bytes, number: swapNumber)
        restore.machine.change { script in
            script.devices[swapPath] = damaged
            script.whilePinning = { isCancelled in
                while !isCancelled() { yieldProcessor() }
            }
        }
        let error = restore.resume()
        #expect(error is ImageError || error is ImageReadError<PlatformError>, "\(error as Any)")
        #expect(restore.recorded.contains("checksum"))
    }

    /// The pinning is over, and what it got not given back yet, when the user is told.
    @Test(.timeLimit(.minutes(1))) func aRefusalStopsThePinningAndIsSaidAtOnce() throws {
        let watch = PinningWatch()
        let restore = try RestoreMachine(
            RecordedReport { line in
                if line.contains("hardware has changed") { watch.said() }
            })
        restore.machine.change { script in
            script.invariants = []
            script.whilePinning = { isCancelled in
                watch.began(isCancelled)
                while !isCancelled() { yieldProcessor() }
            }
        }
        guard case .otherMachine? = restore.resume() as? ResumeError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(watch.wasCancelledWhenSaid == true)
    }

    @Test func memoryThatCannotBeLockedIsAnError() throws {
        let restore = try RestoreMachine()
        restore.machine.change { $0.frames = [.tested(0x400, 0x410)] }
        #expect(restore.resume() as? PlatformError == .call(.mlock, path: nil, .noMemory))
        #expect(!restore.hasJumped)
    }

    @Test func aDryRunWritesNothing() throws {
        let restore = try RestoreMachine()
        #expect(restore.resume { $0.dryRun = true } == nil)
        #expect(restore.machine.script.deeds == ["hold signals back"])
        #expect(restore.device.faults.count(.write) == 0)
    }
}
