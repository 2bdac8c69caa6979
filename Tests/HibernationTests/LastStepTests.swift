// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation
import KresumeImage
import LinuxPlatform
import Restore
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// What comes between the last byte of an image and the jump, and what is undone if there is none.
@Suite struct LastStepTests {
    private static let name = HibernateLocation.variableName

    private func restoreMachine(_ uuid: String = swapUUID) throws -> RestoreMachine {
        let restore = try RestoreMachine()
        restore.machine.change { $0.variables[Self.name] = locationVariable(uuid) }
        return restore
    }

    /// It is gone at the jump, and put back with its attributes when that fails.
    @Test func theVariableGoesWithTheImageThatItNames() throws {
        let restore = try restoreMachine()
        let isThere = Captured()
        restore.machine.change { script in
            script.whenJumping = { machine throws(PlatformError) in
                isThere.set(machine.script.variables[Self.name] ?? [1])
                throw .call(.reboot, path: nil, .ioError)
            }
        }
        #expect(restore.resume() as? PlatformError == .call(.reboot, path: nil, .ioError))
        #expect(isThere.value == [1])
        #expect(restore.machine.script.variables[Self.name] == locationVariable(swapUUID))
        #expect(
            restore.machine.script.deeds.suffix(4) == [
                "remove HibernateLocation", "jump", "unload", "write HibernateLocation",
            ])
    }

    @Test func aVariableThatNamesAnotherImageStays() throws {
        let restore = try restoreMachine("99999999-9999-9999-9999-999999999999")
        _ = restore.resume()
        #expect(restore.hasJumped)
        #expect(!restore.machine.script.deeds.contains { $0.hasSuffix("HibernateLocation") })
    }

    @Test func theVariableIsNotTouchedBeforeTheLastCheck() throws {
        let restore = try restoreMachine()
        restore.machine.change { $0.movedPages = 1 }
        #expect(restore.resume() as? RestoreError == .framesMoved(count: 1))
        #expect(!restore.machine.script.deeds.contains { $0.hasSuffix("HibernateLocation") })
    }

    @Test func aVariableThatStaysIsNotWritten() throws {
        let restore = try restoreMachine()
        restore.machine.change {
            $0.failures["removeEFIVariable"] = .call(.unlink, path: nil, .notPermitted)
        }
        _ = restore.resume()
        #expect(restore.hasJumped)
        #expect(!restore.machine.script.deeds.contains("write HibernateLocation"))
        #expect(restore.recorded.contains("could not be removed"))
    }

    @Test func aVariableThatIsLostIsTold() throws {
        let restore = try restoreMachine()
        restore.machine.change {
            $0.failures["writeEFIVariable"] = .call(.write, path: nil, .noSpace)
        }
        #expect(restore.resume() as? PlatformError == .call(.reboot, path: nil, .ioError))
        #expect(restore.recorded.contains("is gone and could not be put back"))
        #expect(state(restore.device.bytes) == .ready)
    }

    private static let changes: [@Sendable (inout ScriptedMachine.Script) -> Void] = [
        {
            $0.mounts = [
                Mount(
                    number: DeviceNumber(major: 8, minor: 1), mountPoint: "/sysroot",
                    fileSystem: "ext4", source: "/dev/sda1", isReadOnly: true)
            ]
        },
        {
            $0.swaps = [
                ActiveSwap(path: "/dev/sdz", isBlockDevice: true, size: 1, used: 0, priority: 0)
            ]
        },
    ]

    /// While the image was being read.
    @Test(arguments: [0, 1]) func whatIsMountedMeanwhileIsSeen(change: Int) throws {
        let restore = try restoreMachine()
        let machine = restore.machine
        machine.change { script in
            script.whilePinning = { _ in machine.change(Self.changes[change]) }
        }
        switch restore.resume() as? ResumeError {
        case .fileSystemsMounted?, .swapActive("/dev/sdz")?: break
        default: Issue.record("\(restore.recorded.lines)")
        }
        #expect(!restore.hasJumped && state(restore.device.bytes) == .ready)
        #expect(machine.script.deeds.last == "unload")
        #expect(!machine.script.deeds.contains("remove HibernateLocation"))
    }

    // A device that cannot be written to.

    private func expectWriteProtected(
        _ restore: RestoreMachine, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .writeProtected(swapPath)? = restore.resume() as? ResumeError else {
            Issue.record("\(restore.recorded.lines)", sourceLocation: sourceLocation)
            return
        }
        #expect(
            restore.recorded.contains("/dev/sda2 is write-protected"),
            sourceLocation: sourceLocation)
        #expect(!restore.recorded.contains("/sys/power"), sourceLocation: sourceLocation)
        // Nothing of the image was read.
        #expect(restore.machine.script.pinned.isEmpty, sourceLocation: sourceLocation)
        #expect(
            restore.machine.script.devices[swapPath]?.faults.count(.write) == 0,
            sourceLocation: sourceLocation)
    }

    @Test func whatCannotBeMarkedIsNotRead() throws {
        for bytes in [try RestoreMachine.image.get(), stockFront()] {
            let restore = try RestoreMachine()
            let device = try ScriptedDevice(bytes, number: swapNumber, isReadOnly: true)
            restore.machine.change {
                $0.devices[swapPath] = device
                $0.kernelResumes = true
            }
            expectWriteProtected(restore)
        }
    }

    @Test(arguments: [Errno.readOnlyFileSystem, .permissionDenied])
    func whatCannotBeOpenedForWritingIsNotRead(number: Errno) throws {
        let restore = try RestoreMachine()
        restore.machine.change {
            $0.failures["claim"] = .call(.open, path: swapPath, number)
        }
        expectWriteProtected(restore)
    }

    @Test func aDryRunSaysThatItCouldNotBeMarked() throws {
        let restore = try RestoreMachine()
        let device = try ScriptedDevice(
            RestoreMachine.image.get(), number: swapNumber, isReadOnly: true)
        restore.machine.change { $0.devices[swapPath] = device }
        #expect(restore.resume { $0.dryRun = true } == nil)
        #expect(restore.recorded.contains("/dev/sda2 is write-protected"))
    }
}
