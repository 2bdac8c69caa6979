// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// The last step before the saver kernel runs, and the first one afterwards.
@Suite struct JumpToSaverTests {
    private static let root = mount("/", 8, 1)
    private static let home = mount("/home", 8, 3)
    private static let run = mount("/run", 0, 22, "tmpfs", source: "tmpfs")

    private static func mount(
        _ path: FilePath, _ major: UInt32, _ minor: UInt32, _ fileSystem: String = "ext4",
        source: String = "/dev/x", isReadOnly: Bool = false
    ) -> Mount {
        Mount(
            number: DeviceNumber(major: major, minor: minor), mountPoint: path,
            fileSystem: fileSystem, source: source, isReadOnly: isReadOnly)
    }

    /// On a kernel that can stop who waits for a frozen file system.
    private func machine(
        _ change: (inout ScriptedMachine.Script) -> Void = { _ in }
    ) -> ScriptedMachine {
        ScriptedMachine { script in
            script.kernel.release = "6.16.1"
            script.mounts = [Self.root, Self.run, Self.home]
            script.whenJumping = { _ throws(PlatformError) in }
            change(&script)
        }
    }

    private func jump(
        _ machine: ScriptedMachine, _ recorded: RecordedReport = RecordedReport(),
        freezing: FileSystemFreezing = .automatic
    ) -> (any Error)? {
        do {
            let undo = try UndoList(machine, recorded.report)
            var jump = JumpToSaver(machine, recorded.report, undo)
            jump.freezing = freezing
            try jump.run()
        } catch { return error }
        return nil
    }

    private static let refuse: @Sendable (ScriptedMachine) throws(PlatformError) -> Void = {
        _ throws(PlatformError) in throw .call(.reboot, path: nil, .resourceBusy)
    }

    @Test func theLastMountedIsFrozenFirstAndThawedLast() {
        let machine = machine()
        let note = Captured()
        machine.change {
            $0.whenJumping = { machine throws(PlatformError) in
                note.set(machine.script.undoNote ?? [])
            }
        }
        #expect(jump(machine) == nil)
        #expect(
            machine.script.deeds == [
                "freeze /home", "freeze /", "jump", "thaw /", "thaw /home",
            ])
        #expect(machine.script.frozen.isEmpty && machine.script.undoNote == nil)
        #expect((try? UndoNote(parsing: note.value))?.entries.count == 2)
    }

    /// In between whoever would take a line may wait for a file system.
    @Test func nothingIsSaidMeanwhile() {
        let machine = machine { $0.freezeFailures = [Self.root.number: .resourceBusy] }
        let wasFrozen = Mutex(false)
        let recorded = RecordedReport { _ in
            if !machine.script.frozen.isEmpty { wasFrozen.withLock { $0 = true } }
        }
        #expect(jump(machine, recorded) == nil)
        #expect(recorded.contains("/ is not frozen: "))
        #expect(!wasFrozen.withLock { $0 })
    }

    @Test(arguments: [
        ("6.12.117-kresume", FileSystemFreezing.automatic, false), ("6.15.9", .automatic, false),
        ("6.16.0-rc1", .automatic, true), ("7.1", .automatic, true), ("odd", .automatic, true),
        ("6.1", .always, true), ("7.1", .never, false),
    ])
    func whetherTheyAreFrozen(release: String, freezing: FileSystemFreezing, isFrozen: Bool) {
        let machine = machine { $0.kernel.release = release }
        #expect(jump(machine, freezing: freezing) == nil)
        #expect(machine.script.deeds.contains("freeze /") == isFrozen)
    }

    /// md arrays are clean and write nothing by themselves when the machine is left; then all is as it was.
    @Test(arguments: [
        ("idle", "idle"), ("resync", "idle"), ("check", "check"), ("frozen", "frozen"),
    ])
    func arraysAreQuiet(action: String, afterwards: String) throws {
        let machine = machine {
            $0.arrays = [
                "md0": [.syncAction: action, .safeModeDelay: "0.203", .bitmapDelay: "5"],
                // A linear one, and one without a bitmap.
                "md1": [:], "md2": [.bitmapDelay: "0"],
            ]
        }
        let note = Captured()
        let meanwhile = Mutex<[MDArray.Setting: String]>([:])
        machine.change {
            $0.whenJumping = { machine throws(PlatformError) in
                note.set(machine.script.undoNote ?? [])
                meanwhile.withLock { $0 = machine.script.arrays["md0"] ?? [:] }
            }
        }
        #expect(jump(machine) == nil)
        #expect(
            meanwhile.withLock { $0 } == [
                .syncAction: "frozen", .safeModeDelay: "0", .bitmapDelay: "86400",
            ])
        #expect(
            machine.script.arrays["md0"] == [
                .syncAction: afterwards, .safeModeDelay: "0.203", .bitmapDelay: "5",
            ])
        let deeds = machine.script.deeds
        // Freezing writes.
        let order = [
            "freeze /", "md0 sync_action frozen", "md0 clean", "md0 safe_mode_delay 0", "jump",
            "md0 safe_mode_delay 0.203",
        ].map { deeds.firstIndex(of: $0) ?? -1 }
        #expect(order.first != -1 && order == order.sorted(), "\(deeds)")
        #expect(
            try UndoNote(parsing: note.value).entries.suffix(3) == [
                .array("md0", .syncAction, value: afterwards),
                .array("md0", .safeModeDelay, value: "0.203"),
                .array("md0", .bitmapDelay, value: "5"),
            ])
        #expect(
            machine.script.arrays["md2"] == [.bitmapDelay: "0"]
                && !deeds.contains("md2 bitmap/time_base 0"))
        #expect(machine.script.undoNote == nil)
    }

    /// One that cannot be told might keep the machine from going on.
    @Test func arrayThatCannotBeTold() {
        let machine = machine {
            $0.arrays = ["md0": [.syncAction: "idle"]]
            $0.failures["setArray"] = .call(.write, path: nil, .resourceBusy)
        }
        #expect(jump(machine) != nil)
        #expect(!machine.script.deeds.contains("jump") && machine.script.frozen.isEmpty)
    }

    /// Kinds that cannot be frozen, and what somebody else has frozen, which stays so.
    @Test(arguments: [Errno.resourceBusy, .notSupportedOnSocket, .improperLink, .ioError])
    func whatCannotBeFrozenIsLeft(error: Errno) {
        let machine = machine { $0.freezeFailures = [Self.home.number: error] }
        #expect(jump(machine) == nil)
        #expect(machine.script.deeds == ["freeze /home", "freeze /", "jump", "thaw /"])
        #expect(machine.script.undoNote == nil)
    }

    /// Another order would have been right, and nobody knows it: then none of them.
    @Test func oneThatWaitsForAnother() {
        let machine = machine { $0.freezeFailures = [Self.root.number: .deadlock] }
        #expect(jump(machine) == nil)
        #expect(machine.script.deeds == ["freeze /home", "freeze /", "thaw /home", "jump"])
        #expect(machine.script.undoNote == nil)
    }

    /// Nobody knows when it will be frozen: the note keeps it.
    @Test func oneThatNeverComesToRest() throws {
        let machine = machine { $0.freezeFailures = [Self.root.number: .timedOut] }
        let error = jump(machine)
        guard case .fileSystemHangs("/")? = error as? HibernateError else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(machine.script.deeds == ["freeze /home", "freeze /", "thaw /home"])
        let note = try UndoNote(parsing: machine.script.undoNote ?? [])
        #expect(note.entries == [.frozen("/", Self.root.number)])
    }

    @Test func oneThatStaysFrozenIsTold() throws {
        let machine = machine {
            $0.failures["thaw"] = .call(.thaw, path: "/", .ioError)
        }
        let recorded = RecordedReport()
        #expect(jump(machine, recorded) == nil)
        #expect(recorded.lines.filter { $0.contains("a file system stays frozen") }.count == 2)
        let note = try UndoNote(parsing: machine.script.undoNote ?? [])
        #expect(note.entries.count == 2)
    }

    @Test func aSignalWhileTheyAreFrozen() {
        let machine = machine { $0.deeds = ["hold signals back"] }
        machine.change {
            $0.whenCalled = { machine, _ in
                if machine.script.frozen.count == 2 { machine.change { $0.signal = .terminate } }
            }
        }
        guard case .interrupted(.terminate)? = jump(machine) as? MachineError else {
            Issue.record("\(machine.script.deeds)")
            return
        }
        #expect(machine.script.frozen.isEmpty && !machine.script.deeds.contains("jump"))
    }

    // When there is no jump.

    /// Somebody who waits for a frozen file system cannot be stopped: once more without.
    @Test func aSecondTryWithoutFreezing() {
        let machine = machine()
        let jumps = Mutex(0)
        machine.change {
            $0.whenJumping = { machine throws(PlatformError) in
                let isFirst = jumps.withLock { jumps in
                    jumps += 1
                    return jumps == 1
                }
                if isFirst { try Self.refuse(machine) }
            }
        }
        let recorded = RecordedReport()
        #expect(jump(machine, recorded) == nil)
        #expect(
            machine.script.deeds == [
                "freeze /home", "freeze /", "jump", "thaw /", "thaw /home", "jump",
            ])
        #expect(recorded.contains("trying again without freezing any"))
    }

    @Test func notTwice() {
        let machine = machine { $0.whenJumping = Self.refuse }
        #expect(jump(machine) as? PlatformError == .call(.reboot, path: nil, .resourceBusy))
        #expect(machine.script.deeds.filter { $0 == "jump" }.count == 2)
        #expect(machine.script.frozen.isEmpty)
    }

    @Test func whereNothingWasFrozenThereIsNoSecondTry() {
        let machine = machine {
            $0.whenJumping = Self.refuse
            $0.mounts = []
        }
        #expect(jump(machine) is PlatformError)
        #expect(machine.script.deeds == ["jump"])
    }

    /// The kernel counts them; then the file systems are not to blame.
    @Test(arguments: [("6.16.1", false), ("6.16.0", true), ("6.12.117-kresume", true)])
    func aDriverThatRefuses(release: String, leavesStopped: Bool) {
        let machine = machine { script in
            script.kernel.release = release
            script.deviceRefusals = DeviceRefusals(count: 2, last: "virtio0")
            script.whenJumping = { machine throws(PlatformError) in
                machine.change { $0.deviceRefusals = DeviceRefusals(count: 3, last: "virtio1") }
                try Self.refuse(machine)
            }
        }
        let text = jump(machine, freezing: .always).map(explanation) ?? ""
        #expect(
            text.hasPrefix("the driver of virtio1 refuses to be stopped (Device or resource busy)"))
        #expect(text.contains("kernels before 6.16.1 do not start devices again") == leavesStopped)
        #expect(machine.script.deeds.filter { $0 == "jump" }.count == 1)
        #expect(machine.script.frozen.isEmpty)
    }

    @Test(arguments: [
        ("6.1.0-56-amd64", true), ("6.12.117", true), ("6.16", true), ("6.16.1", false),
        ("6.17-rc1", false), ("7.0.3", false), ("unknown", false),
    ])
    func defectsAreKnown(release: String, isKnown: Bool) {
        #expect(KernelDefect.all(of: release) == (isKnown ? [.leavesDevicesStopped] : []))
        let machine = machine { $0.kernel.release = release }
        let recorded = RecordedReport()
        #expect(jump(machine, recorded, freezing: .never) == nil)
        #expect(recorded.contains("kernels before 6.16.1") == isKnown)
    }

    // Which, and in what order.

    @Test(
        arguments: [
            ([root, run, home], ["/home", "/"]),
            // Mounted twice: once.
            ([root, run, home, mount("/srv", 8, 1)], ["/home", "/"]),
            // No device; not written to.
            ([root, run, mount("/proc", 0, 5, "proc", source: "proc")], ["/"]),
            ([root, run, mount("/cd", 11, 0, "iso9660", isReadOnly: true)], ["/"]),
            // btrfs has no device number of its own.
            ([root, run, mount("/data", 0, 40, "btrfs", source: "/dev/sdb")], ["/data", "/"]),
            // A note on one of them would have to wait.
            ([root, home, mount("/running", 8, 4)], ["/running", "/home"]),
            ([root, run, mount("/run/user", 8, 5)], ["/run/user", "/"]),
            // The last one mounted there is what is seen.
            ([root, run, mount("/run", 8, 6)], ["/"]),
            ([], []),
        ] as [([Mount], [String])])
    func order(mounts: [Mount], expected: [String]) {
        #expect(FreezeFileSystems.order(mounts).map(\.mountPoint.string) == expected)
    }
}
