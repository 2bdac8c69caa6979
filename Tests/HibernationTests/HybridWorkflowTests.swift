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

/// `kresume hibernate --hybrid`: the machine sleeps with the image beside, and the image is gone before
/// anything of A runs.
@Suite struct HybridWorkflowTests {
    // In B.

    @Test func theImageIsThereWhileTheMachineSleepsAndGoneBeforeTheJump() throws {
        let saver = try SaverKernel(isHybrid: true)
        let asleep = Captured()
        saver.machine.change {
            $0.whenAsleep = { asleep.set($0.script.devices[swapPath]?.bytes ?? []) }
            $0.whenJumping = { _ throws(PlatformError) in }
        }
        _ = saver.save()
        #expect(isImage(asleep.value) && state(asleep.value) == .ready)
        #expect(!isImage(saver.machine.script.devicesAtJump[swapPath] ?? []))
        #expect(signature(saver.device.bytes) == .swap && state(saver.device.bytes) == .consumed)
        #expect(saver.messageInOriginal?.outcome == .awake)
        #expect(saver.deeds(from: "suspend").prefix(3) == ["suspend", "load", "jump"])
        #expect(!saver.machine.script.deeds.contains("power off"))
        #expect(saver.recorded.contains("suspending to memory"))
        #expect(saver.recorded.contains("awake, and the image is dropped; going back"))
    }

    /// Nothing is written for it.
    @Test func aSaverThatCannotSuspendGoesBackAtOnce() throws {
        let saver = try SaverKernel(isHybrid: true)
        saver.machine.change { $0.canSuspendToMemory = false }
        _ = saver.save()
        #expect(saver.messageInOriginal?.text.contains("ACPI S3") == true)
        #expect(saver.device.faults.count(.write) == 0)
    }

    @Test(arguments: [nil, "virtio1"])
    func whatKeepsTheMachineAwakeIsTold(device: String?) throws {
        let saver = try SaverKernel(isHybrid: true)
        saver.machine.change {
            $0.failures["suspendToMemory"] = .call(
                .write, path: "/sys/power/state", .resourceBusy)
            $0.deviceRefusals = DeviceRefusals(count: 0, last: "")
            $0.whenAsleep = { machine in
                guard let device else { return }
                machine.change { $0.deviceRefusals = DeviceRefusals(count: 1, last: device) }
            }
            $0.whenJumping = { _ throws(PlatformError) in }
        }
        _ = saver.save()
        let message = try #require(saver.messageInOriginal)
        #expect(message.outcome == .failed)
        #expect(message.text.hasPrefix("suspending to memory failed (Device or resource busy"))
        #expect(message.text.contains(", the driver of virtio1)") == (device != nil))
        #expect(saver.deeds(from: "suspend").contains("jump"))
        #expect(!isImage(saver.machine.script.devicesAtJump[swapPath] ?? []))
    }

    /// A wakes it again, or A has it dropped: A is told that it is still there.
    @Test func aDeviceThatDoesNotWakeUp() throws {
        let saver = try SaverKernel(isHybrid: true)
        saver.machine.change {
            $0.whenAsleep = { [device = saver.device] _ in
                device.faults.add(.error(.ioError), always: .write)
            }
        }
        _ = saver.save()
        #expect(isImage(saver.device.bytes))
        #expect(saver.messageInOriginal?.outcome == .failed)
        #expect(saver.messageInOriginal?.text.contains("Input/output error") == true)
        #expect(saver.hasJumped)
    }

    /// A sleep from which no way leads on would lose the machine.
    @Test func withoutAWayBackTheMachineIsSwitchedOff() throws {
        let saver = try SaverKernel(isHybrid: true)
        saver.machine.change {
            $0.failures["loadKexec"] = .call(.kexecLoad, path: nil, .noMemory)
        }
        #expect(isImage(try savedImage(of: saver)))
        #expect(!saver.machine.script.deeds.contains("suspend"))
        #expect(saver.recorded.contains("there is no way back from a sleep"))
    }

    // In A.

    /// On a kernel that can stop who waits for a frozen file system, with an image left by the other side.
    private func run(
        _ outcome: MessagePage.Outcome?, _ text: String = "",
        _ change: (inout ScriptedMachine.Script) -> Void = { _ in }
    ) throws -> (machine: ScriptedMachine, result: Result<Hibernate.Outcome, any Error>) {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        machine.change { script in
            for (major, path) in [(8, "/"), (0, "/run")] as [(UInt32, FilePath)] {
                script.mounts.append(
                    Mount(
                        number: DeviceNumber(major: major, minor: 1), mountPoint: path,
                        fileSystem: "ext4", source: "", isReadOnly: false))
            }
            script.whenJumping = { machine throws(PlatformError) in
                completeImage(on: machine)
                guard let outcome else { return }
                let page = MessagePage(outcome, text).bytes
                for memory in machine.script.pinned where memory.pageCount > 0 {
                    memory.store(page, in: PageFrame(0x3000))
                }
            }
            change(&script)
        }
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(swapPath))
        hibernate.freezing = .always
        hibernate.isHybrid = true
        return (machine, Result { try hibernate.run() })
    }

    @Test func whatBecameOfItIsTold() throws {
        let (awake, result) = try run(.awake)
        #expect(try result.get() == .awake)
        #expect(
            try Status(awake).run()?.contains("the machine slept, and its memory was kept") == true)
        #expect(awake.script.deeds.last == "swapon /dev/sda2 7")
        // The battery was empty.
        #expect(try run(.resumed, "6.1.0").result.get() == .resumed)
        #expect(try run(.cancelled, "Escape").result.get() == .cancelled)
        let failed = try run(.failed, "a reason").result
        #expect {
            try failed.get()
        } throws: {
            guard case HibernateError.notAsleep("a reason") = $0 else { return false }
            return true
        }
    }

    @Test func theSaverIsToldSo() throws {
        let (machine, _) = try run(.awake)
        let loaded = try #require(machine.script.loadedAtJump)
        let words = Array(" kresume.hybrid ".utf8)
        #expect(
            loaded.segments.contains { segment in
                let bytes = segment.bytes
                return bytes.indices.dropLast(words.count).contains {
                    bytes[$0] == words[0] && Array(bytes[$0..<($0 + words.count)]) == words
                }
            })
    }

    /// Whatever the saver could do, and if it could say nothing: the image is dropped before a file system
    /// takes writes.
    @Test(arguments: [MessagePage.Outcome.awake, .failed, .resumed, nil])
    func theImageIsGoneBeforeFileSystemsGoOn(outcome: MessagePage.Outcome?) throws {
        let atThaw = Captured()
        let (machine, _) = try run(outcome) { script in
            script.whenCalled = { machine, _ in
                // The last time is right before it is thawed.
                if machine.script.deeds.contains("jump"), !machine.script.frozen.isEmpty {
                    atThaw.set(machine.script.devices[swapPath]?.bytes ?? [])
                }
            }
        }
        #expect(isImage(machine.script.devicesAtJump[swapPath] ?? []) == false)
        try #require(!atThaw.value.isEmpty)
        #expect(!isImage(atThaw.value) && state(atThaw.value) == .consumed)
        #expect(machine.script.swaps.count == 1)
    }

    @Test func aMachineThatCannotSuspendIsLeftAlone() throws {
        let (machine, result) = try run(.awake) { $0.canSuspendToMemory = false }
        #expect {
            try result.get()
        } throws: {
            guard case HibernateError.cannotSuspend = $0 else { return false }
            return true
        }
        #expect(machine.script.deeds == ["hold signals back"])
        #expect(machine.script.swaps.count == 1)
    }
}
