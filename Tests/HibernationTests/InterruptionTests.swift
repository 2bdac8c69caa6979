// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transfer

@testable import Hibernation

/// A signal, or SIGKILL, at every place of `hibernate` and of `resume`: whatever was changed comes
/// back, by what undoes it, or by the next command.
@Suite struct InterruptionTests {
    /// What a machine is like as far as it is changed.
    private struct Condition: Equatable, CustomStringConvertible {
        var swaps: [String]
        var sysctls: [String: String]
        var isLoaded: Bool
        var hasNote: Bool
        var signature: SignaturePage.Kind
        var isPrepared: Bool
        var frozen: [DeviceNumber]
        var areDriversNotified: Bool

        init(_ script: ScriptedMachine.Script, _ bytes: [UInt8]) {
            swaps = script.swaps.map {
                "\($0.path) \($0.priority) \(script.discard[$0.path] ?? .none)"
            }
            sysctls = script.sysctls
            isLoaded = script.loaded != nil
            hasNote = script.undoNote != nil
            signature = HibernationTests.signature(bytes)
            isPrepared = state(bytes) == .prepared
            frozen = script.frozen
            areDriversNotified = script.areDriversNotified
        }

        init(_ machine: ScriptedMachine) {
            self.init(machine.script, machine.script.devices[swapPath]?.bytes ?? [])
        }

        var description: String {
            "\(swaps) \(sysctls) \(isLoaded) \(hasNote) \(signature) \(isPrepared) "
                + "\(frozen) \(areDriversNotified)"
        }
    }

    // In A.

    /// It swaps with discards, freezes two file systems, and comes back from a jump with its image on
    /// the device.
    private func original() throws -> ScriptedMachine {
        let machine = try HibernateWorkflowTests.machine(swapPages: 512)
        machine.change { script in
            script.memory = MemoryInfo(total: 500 << 20, free: 499 << 20, available: 480 << 20)
            script.discard[swapPath] = .pages
            for (minor, path) in [(1, "/"), (3, "/home"), (22, "/run")] as [(UInt32, FilePath)] {
                script.mounts.append(
                    Mount(
                        number: DeviceNumber(major: minor == 22 ? 0 : 8, minor: minor),
                        mountPoint: path, fileSystem: "ext4", source: "", isReadOnly: false))
            }
            script.whenJumping = { machine throws(PlatformError) in completeImage(on: machine) }
        }
        return machine
    }

    private func hibernate(_ machine: ScriptedMachine, isTest: Bool = false) -> (any Error)? {
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(swapPath))
        hibernate.freezing = .always
        hibernate.isTest = isTest
        do { _ = try hibernate.run() } catch { return error }
        return nil
    }

    @Test func aSignalAtEveryPlaceOfHibernate() throws {
        let count = Mutex(0)
        let whole = try original()
        let before = Condition(whole)
        onEachCall(of: whole) { _, number in count.withLock { $0 = number } }
        #expect(hibernate(whole) is HibernateError)
        #expect(Condition(whole) == before)
        var interrupted = 0
        for place in 1...count.withLock({ $0 }) {
            let machine = try original()
            onEachCall(of: machine) { machine, number in
                if number == place { machine.change { $0.signal = .terminate } }
            }
            let error = hibernate(machine)
            #expect(Condition(machine) == before, "\(place): \(machine.script.deeds)")
            if case .interrupted(.terminate)? = error as? MachineError {
                interrupted += 1
                #expect(!machine.script.deeds.contains("jump"), "\(place)")
            } else {
                #expect(machine.script.deeds.contains("jump"), "\(place): \(error as Any)")
            }
        }
        #expect(interrupted > 20)
    }

    @Test func theEndOfTheProcessAtEveryPlaceOfHibernate() throws {
        let machine = try original()
        let before = Condition(machine)
        let snapshots = snapshots(of: machine) { _ = hibernate(machine) }
        #expect(snapshots.contains { isImage($0.bytes) })
        var repairs: Set<String> = []
        for (place, snapshot) in snapshots.enumerated() {
            let (machine, recorded) = try afterwards(snapshot)
            #expect(Condition(machine) == before, "\(place): \(recorded.lines)")
            #expect(recorded.lines.allSatisfy { $0.hasPrefix("an earlier kresume was killed: ") })
            repairs.formUnion(recorded.lines)
        }
        #expect(
            repairs == [
                "an earlier kresume was killed: swap on /dev/sda2 is on again",
                "an earlier kresume was killed: vm.compact_unevictable_allowed is 1 again",
                "an earlier kresume was killed: kernel.numa_balancing is 1 again",
                "an earlier kresume was killed: its image on /dev/sda2 is dropped",
                "an earlier kresume was killed: the kernel that it had loaded is unloaded",
                "an earlier kresume was killed: / takes writes again",
                "an earlier kresume was killed: /home takes writes again",
            ])
    }

    /// It changes less: nothing on the device, and swap stays on.
    @Test func theEndAtEveryPlaceOfATest() throws {
        let machine = try original()
        machine.change { $0.whenJumping = { _ throws(PlatformError) in } }
        let before = Condition(machine)
        let snapshots = snapshots(of: machine) { _ = hibernate(machine, isTest: true) }
        #expect(Condition(machine) == before)
        #expect(snapshots.contains { $0.script.deeds.contains("jump") })
        for (place, snapshot) in snapshots.enumerated() {
            #expect(snapshot.script.swaps.count == 1 && !isImage(snapshot.bytes), "\(place)")
            #expect(state(snapshot.bytes) == nil, "\(place)")
            let (machine, recorded) = try afterwards(snapshot)
            #expect(Condition(machine) == before, "\(place): \(recorded.lines)")
        }
        for place in 1...snapshots.count {
            let machine = try original()
            machine.change { $0.whenJumping = { _ throws(PlatformError) in } }
            onEachCall(of: machine) { machine, number in
                if number == place { machine.change { $0.signal = .interrupt } }
            }
            let error = hibernate(machine, isTest: true)
            #expect(Condition(machine) == before, "\(place): \(machine.script.deeds)")
            let hasJumped = machine.script.deeds.contains("jump")
            #expect((error is MachineError) != hasJumped, "\(place): \(error as Any)")
        }
    }

    // In C.

    @Test func aSignalAtEveryPlaceOfResume() throws {
        let count = Mutex(0)
        let whole = try RestoreMachine()
        let before = Condition(whole.machine)
        onEachCall(of: whole.machine) { _, number in count.withLock { $0 = number } }
        _ = whole.resume()
        #expect(Condition(whole.machine) == before)
        var interrupted = 0
        for place in 1...count.withLock({ $0 }) {
            let restore = try RestoreMachine()
            onEachCall(of: restore.machine) { machine, number in
                if number == place { machine.change { $0.signal = .hangUp } }
            }
            let error = restore.resume()
            #expect(Condition(restore.machine) == before, "\(place)")
            #expect(state(restore.device.bytes) == .ready, "\(place)")
            if case .interrupted(.hangUp)? = error as? MachineError {
                interrupted += 1
                #expect(!restore.hasJumped, "\(place)")
            } else {
                // Not every call is counted alike where threads are at work.
                #expect(restore.hasJumped, "\(place): \(error as Any)")
            }
        }
        #expect(interrupted > 10)
    }

    @Test func theEndOfTheProcessAtEveryPlaceOfResume() throws {
        let restore = try RestoreMachine()
        let before = Condition(restore.machine)
        let snapshots = snapshots(of: restore.machine) { _ = restore.resume() }
        #expect(snapshots.contains { state($0.bytes) == .resuming })
        for (place, snapshot) in snapshots.enumerated() {
            let (machine, _) = try afterwards(snapshot)
            #expect(Condition(machine) == before, "\(place)")
            // Who was killed behind the mark may have jumped.
            let bytes = machine.script.devices[swapPath]?.bytes ?? []
            #expect(state(bytes) == state(snapshot.bytes), "\(place)")
        }
    }

    /// The machine's pages would come for ever.
    @Test(.timeLimit(.minutes(1))) func aSignalStopsThePinning() throws {
        let restore = try RestoreMachine()
        let machine = restore.machine
        machine.change { script in
            script.whilePinning = { isCancelled in
                machine.change { $0.signal = .interrupt }
                while !isCancelled() { yieldProcessor() }
            }
        }
        guard case .interrupted(.interrupt)? = restore.resume() as? MachineError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(restore.recorded.contains("interrupted by SIGINT"))
    }

    // What the above is made of.

    private func onEachCall(
        of machine: ScriptedMachine, _ body: @escaping @Sendable (ScriptedMachine, Int) -> Void
    ) {
        machine.change { $0.whenCalled = body }
        machine.script.devices[swapPath]?.faults.tell { machine.call() }
    }

    private struct Snapshot {
        var script: ScriptedMachine.Script
        var bytes: [UInt8]
    }

    /// What there is before each call.
    private func snapshots(of machine: ScriptedMachine, _ body: () -> Void) -> [Snapshot] {
        let taken = Mutex<[Snapshot]>([])
        onEachCall(of: machine) { machine, _ in
            let script = machine.script
            let bytes = script.devices[swapPath]?.bytes ?? []
            taken.withLock { $0.append(Snapshot(script: script, bytes: bytes)) }
        }
        body()
        machine.change { $0.whenCalled = nil }
        return taken.withLock { $0 }
    }

    /// The process is gone; what it had left, the next command finds.
    private func afterwards(_ snapshot: Snapshot) throws -> (ScriptedMachine, RecordedReport) {
        let device = try ScriptedDevice(snapshot.bytes, number: swapNumber)
        let machine = ScriptedMachine { script in
            script = snapshot.script
            script.whenCalled = nil
            script.devices[swapPath] = device
            script.process = ProcessIdentity(number: 200, startTime: 2000)
            // The kernel closes what it had open.
            script.areDriversNotified = false
        }
        let recorded = RecordedReport()
        Repair(machine, recorded.report).run()
        return (machine, recorded)
    }
}

/// As the saver and the restore kernel leave it.
func completeImage(on machine: ScriptedMachine) {
    guard let area = try? ImageArea(open: swapPath, offset: 0, .readWrite, on: machine),
        let page = try? area.signaturePage(),
        let header = try? ImageHeader(parsing: area.readAt(4096, 4096))
    else { return }
    try? area.commit([
        page.withSignature(.image).write, StateRecord(id: header.id, state: .resuming).write,
    ])
}
