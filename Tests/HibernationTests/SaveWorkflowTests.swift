// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import Hibernation
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SwapArea
import SystemPackage
import TestSupport
import Testing

@Suite struct SaveWorkflowTests {
    @Test func theImageIsWholeWhenTheMachineGoesOff() throws {
        let saver = try SaverKernel()
        let bytes = try savedImage(of: saver)
        #expect(isImage(bytes) && state(bytes) == .ready)
        let image = try #require(
            try HibernationImage.read(areaSize: UInt64(bytes.count)) { offset, count in
                Array(bytes[Int(offset)..<Int(offset) + count])
            })
        #expect(image.header.dataPages == UInt64(saver.original.pages.count))
        #expect(image.machine.jump.jumpBackEntry == OriginalKernel.jumpBackEntry)
        for run in image.runs {
            for frame in run.frames.lower.rawValue..<run.frames.upper.rawValue {
                #expect((saver.original.pages[frame] != nil) == (run.kind == .data))
            }
        }
        // And then the script's power button failed, so A went on and nothing is left.
        #expect(saver.deeds(from: "power off").prefix(3) == ["power off", "load", "jump"])
        #expect(!isImage(saver.device.bytes))
        #expect(saver.messageInOriginal?.outcome == .failed)
    }

    /// Whichever of the device's calls fails: A goes on, knows why, and nothing passes for an image.
    @Test(arguments: [Faults.Call.read, .write, .flush])
    func everyCallThatFailsLeadsBack(call: Faults.Call) throws {
        var number = 1
        while true {
            let saver = try SaverKernel()
            saver.device.faults.add(.error(.ioError), at: number, of: call)
            _ = saver.save()
            if saver.device.faults.count(call) < number { break }
            let isOff = saver.machine.script.deeds.contains("power off")
            // Once the machine was to go off, what fails is only what takes the image back.
            if !isOff {
                #expect(saver.messageInOriginal?.outcome == .failed, "\(call) \(number)")
                #expect(saver.recorded.contains("the image was not saved"), "\(call) \(number)")
            }
            #expect(saver.hasJumped, "\(call) \(number)")
            #expect(!isImage(saver.device.bytes), "\(call) \(number)")
            number += 1
        }
        #expect(number > 2)
    }

    @Test func shortAndInterruptedTransfersAreNoFailure() throws {
        let saver = try SaverKernel()
        saver.device.faults.add(.short(4096), always: .write)
        saver.device.faults.add(.error(.interrupted), at: 2, of: .write)
        saver.device.faults.add(.short(4096), always: .read)
        #expect(isImage(try savedImage(of: saver)))
    }

    @Test func aFullDeviceLeadsBack() throws {
        let saver = try SaverKernel(areaPages: 40)
        _ = saver.save()
        #expect(saver.messageInOriginal?.outcome == .failed)
        #expect(saver.recorded.contains("is full"), "\(saver.recorded.lines)")
        #expect(!isImage(saver.device.bytes))
    }

    /// Of 79 MiB a restore kernel as large as the saver leaves no room to an image.
    @Test func anImageThatNoRestoreKernelCouldHoldLeadsBack() throws {
        let saver = try SaverKernel(region: .tested(0x800, 0x4800))
        _ = saver.save()
        #expect(
            saver.messageInOriginal?.text.hasSuffix(
                "could not be resumed on this machine, which has room for 0 MiB") == true,
            "\(saver.recorded.lines)")
        #expect(!isImage(saver.device.bytes))
    }

    @Test func noSpaceLeftLeadsBack() throws {
        let saver = try SaverKernel()
        saver.device.faults.add(.error(.noSpace), at: 3, of: .write)
        _ = saver.save()
        #expect(saver.messageInOriginal?.outcome == .failed)
    }

    @Test func withoutTheDumpOfMemoryItGoesBack() throws {
        let saver = try SaverKernel()
        saver.machine.change { $0.cores = [:] }
        _ = saver.save()
        #expect(saver.messageInOriginal?.outcome == .failed)
        #expect(saver.device.faults.count(.write) == 0)
    }

    @Test func memoryThatIsNotTheOriginalsIsNotSaved() throws {
        let saver = try SaverKernel()
        let tree = try TemporaryTree()
        let other = try tree.write(
            core([Program(offset: 4096, address: 0x10_0000, fileSize: 4096)])
                + [UInt8](repeating: 0, count: 8192), to: "vmcore")
        saver.machine.change { $0.cores[CoreFile.vmcore] = other }
        _ = saver.save()
        #expect(saver.messageInOriginal?.outcome == .failed)
        #expect(saver.recorded.contains("do not agree about the memory"))
        #expect(saver.device.faults.count(.write) == 0)
    }

    @Test func anAreaThatIsNotTherePreparedLeadsBack() throws {
        let saver = try SaverKernel()
        let other = try ScriptedDevice(emptySwap(), number: swapNumber)
        saver.machine.change { $0.devices[swapPath] = other }
        _ = saver.save()
        #expect(saver.messageInOriginal?.text.contains("\(OriginalKernel.id)") == true)
        #expect(other.faults.count(.write) == 0)
    }

    @Test func twoPreparedAreasAreOneTooMany() throws {
        let saver = try SaverKernel()
        let copy = try saver.device.copy()
        saver.machine.change { $0.devices["/dev/sdb"] = copy }
        _ = saver.save()
        #expect(saver.messageInOriginal?.text.contains("/dev/sdb") == true)
        #expect(copy.faults.count(.write) == 0 && saver.device.faults.count(.write) == 0)
    }

    /// The device that something is built on shows the same bytes, and is not the one.
    @Test func theDeviceOnTopIsTaken() throws {
        let saver = try SaverKernel()
        let below = try ScriptedDevice(
            saver.device.bytes, number: DeviceNumber(major: 8, minor: 3), holders: ["sda2"])
        saver.machine.change { $0.devices["/dev/sda3"] = below }
        #expect(isImage(try savedImage(of: saver)))
        #expect(below.faults.count(.write) == 0)
    }

    @Test func aKernelThatIsNoSaverSavesNothing() throws {
        let saver = try SaverKernel()
        saver.machine.change { $0.commandLine = "quiet" }
        #expect(saver.save() == nil)
        #expect(saver.machine.script.deeds.isEmpty)
    }

    @Test(arguments: [
        "kresume.offset", "kresume.message", "kresume.levels", "kresume.level",
        "kexec_jump_back_entry",
    ])
    func everyOptionIsNeeded(name: String) throws {
        let saver = try SaverKernel()
        saver.machine.change { script in
            script.commandLine = script.commandLine.split(separator: " ")
                .filter { !$0.hasPrefix("\(name)=") }.joined(separator: " ")
        }
        // The kernel's own way back needs none of them.
        _ = saver.save()
        #expect(saver.recorded.contains("the option \(name) of the saver kernel's command line"))
        #expect(saver.machine.script.deeds == ["jump", "panic"])
    }

    @Test func withoutAWayBackTheImageIsSavedAllTheSame() throws {
        let saver = try SaverKernel()
        saver.machine.change {
            $0.failures["loadKexec"] = .call(.kexecLoad, path: nil, .noMemory)
        }
        #expect(isImage(try savedImage(of: saver)))
        #expect(saver.recorded.contains("there is no way back"))
    }

    // What may become of the process that saves.

    @Test func theProcessThatSavesDies() throws {
        let saver = try SaverKernel()
        saver.machine.change {
            $0.worker = { _ in }
            $0.workersEnd = .ended("signal 9")
        }
        _ = saver.save()
        #expect(saver.messageInOriginal?.text == "the process that saves ended (signal 9)")
    }

    @Test func theProcessThatSavesHangs() throws {
        let saver = try SaverKernel()
        saver.machine.change {
            $0.worker = { _ in }
            $0.workersEnd = .silent
        }
        _ = saver.save()
        #expect(saver.messageInOriginal?.text == "nothing was saved for 120 seconds")
        #expect(saver.deeds(from: "kill").prefix(3) == ["kill", "load", "jump"])
    }

    /// As where another CPU hangs, and the kernel waits for it.
    @Test func theProcessThatWatchesHangs() throws {
        let saver = try SaverKernel()
        saver.machine.change {
            $0.worker = { machine in
                for _ in 0..<10_000 where !machine.script.deeds.contains("panic") { usleep(1000) }
            }
        }
        _ = saver.save(limit: 10)
        let deeds = saver.machine.script.deeds
        let panic = try #require(deeds.firstIndex(of: "panic"))
        #expect(panic < deeds.firstIndex(of: "jump") ?? 0, "\(deeds)")
    }

    @Test func theProcessThatSavesCannotBeStarted() throws {
        let saver = try SaverKernel()
        saver.machine.change {
            $0.failures["startWorker"] = .call(.spawn, path: nil, .noMemory)
        }
        _ = saver.save()
        #expect(saver.messageInOriginal?.text.contains("posix_spawn") == true)
    }

    /// The one that has started it is gone: it finishes all the same, or goes back by itself.
    @Test func nobodyWaitsForTheProcessThatSaves() throws {
        let alone = PlatformError.call(.write, path: nil, .brokenPipe)
        let saver = try SaverKernel()
        saver.machine.change { $0.failures["tellStarter"] = alone }
        #expect(isImage(try savedImage(of: saver)))

        let failing = try SaverKernel()
        failing.device.faults.add(.error(.ioError), at: 3, of: .write)
        failing.machine.change {
            $0.failures["tellStarter"] = alone
            $0.workersEnd = .silent
        }
        _ = failing.save()
        let deeds = failing.machine.script.deeds
        let back = try #require(deeds.firstIndex(of: "jump"))
        #expect(back < deeds.firstIndex(of: "kill") ?? 0)
    }

    // Cancelling.

    /// Everything is written by then but what makes it an image.
    @Test func thereIsNoImageBeforeTheAnswer() throws {
        let saver = try SaverKernel()
        let before = Captured()
        saver.machine.change { script in
            script.whenHearing = { before.set($0.script.devices[swapPath]?.bytes ?? []) }
        }
        #expect(isImage(try savedImage(of: saver)))
        #expect(state(before.value) == .ready)
        #expect(signature(before.value) == .swap)
        #expect(!saver.machine.script.told.isEmpty)
    }

    /// At every moment, which are numbered by what the worker says.
    @Test func aKeyLeadsBackUntilTheAnswer() throws {
        var moment = 0
        var cancelled = 0
        while true {
            let saver = try SaverKernel()
            let key = cancelled % 2 == 0 ? CancelKey.escape : .power
            saver.machine.change { $0.key = (key, after: moment) }
            _ = saver.save()
            let message = try #require(saver.messageInOriginal)
            let script = saver.machine.script
            if !script.told.isEmpty {
                // The script's power button fails.
                #expect(message.text == "reboot: Input/output error")
                #expect(!script.deeds.contains("kill"))
                #expect(script.keySources.last == [])
                break
            }
            #expect(message == MessagePage(.cancelled, key.name))
            #expect(saver.deeds(from: "kill").prefix(3) == ["kill", "load", "jump"])
            #expect(saver.recorded.contains("cancelled by \(key.name); going back"))
            cancelled += 1
            // In the middle of words, too.
            moment += 5
        }
        #expect(cancelled > 3)
    }

    /// Before that, a passphrase may be typed there.
    @Test func theConsoleIsReadWhenTheDeviceIsFound() throws {
        let saver = try SaverKernel()
        saver.machine.change { $0.key = (.escape, after: 1 << 20) }
        _ = saver.save()
        let sources = saver.machine.script.keySources
        #expect(sources.prefix(2) == [.devices, [.devices, .console]])
        #expect(saver.recorded.contains("Escape or the power key cancels"))
    }

    /// Where would it lead?
    @Test func withoutAWayBackNoKeyCounts() throws {
        let saver = try SaverKernel()
        saver.machine.change {
            $0.key = (.escape, after: 0)
            $0.failures["loadKexec"] = .call(.kexecLoad, path: nil, .noMemory)
        }
        #expect(isImage(try savedImage(of: saver)))
        #expect(!saver.recorded.contains("cancels"))
        #expect(saver.machine.script.keySources.allSatisfy { $0 == [] })
    }

    @Test func thePanicIsTheLastWayBack() throws {
        for isLoaded in [true, false] {
            let saver = try SaverKernel()
            saver.machine.change {
                $0.isCrashKernelLoaded = isLoaded
                $0.failures["loadKexec"] = .call(.kexecLoad, path: nil, .noMemory)
                $0.cores = [:]
            }
            #expect(saver.save() != nil)
            #expect(saver.machine.script.deeds.contains("panic") == isLoaded)
            #expect(saver.recorded.contains("if this kernel panics") == !isLoaded)
        }
    }

    /// What has failed the second time is there from the first time.
    @Test func theReasonIsNoCondition() throws {
        let saver = try SaverKernel()
        saver.machine.change {
            $0.worker = { machine in
                machine.change {
                    $0.failures["loadKexec"] = .call(.kexecLoad, path: nil, .noMemory)
                }
            }
        }
        _ = saver.save()
        #expect(saver.messageInOriginal?.text == "the saver kernel could not say why")
    }

    @Test func theSupervisorStaysAndTheWorkGoesFirstWhenMemoryRunsOut() throws {
        let saver = try SaverKernel()
        _ = try savedImage(of: saver)
        #expect(saver.machine.script.outOfMemoryScores == [-1000, 1000])
    }
}
