// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import LinuxPlatform
import SystemPackage
import TestSupport
import Testing
import Threads

@testable import Hibernation

@Suite struct JumpBackTests {
    private func machine(
        hasGuard: Bool = true,
        _ jump: @escaping @Sendable (ScriptedMachine) throws(PlatformError) -> Void
    ) throws -> ScriptedMachine {
        let machine = try SaverKernel().machine
        machine.change {
            $0.isCrashKernelLoaded = hasGuard
            $0.whenJumping = jump
        }
        return machine
    }

    private static func hasPanicked(_ machine: ScriptedMachine) -> Bool {
        machine.script.deeds.contains("panic")
    }

    /// It hangs until there is a panic, or for ten seconds.
    @Test func aJumpThatHangsIsAPanic() throws {
        let machine = try machine { machine throws(PlatformError) in
            for _ in 0..<10_000 where !Self.hasPanicked(machine) { usleep(1000) }
        }
        try JumpBack(on: machine, milliseconds: 10).take()
        #expect(machine.script.deeds == ["jump", "panic"])
    }

    @Test func aJumpThatFailsInTimeIsNone() throws {
        let machine = try machine { _ throws(PlatformError) in
            throw .call(.reboot, path: nil, .ioError)
        }
        do {
            let jump = JumpBack(on: machine, milliseconds: 200)
            #expect(throws: PlatformError.self) { try jump.take() }
            // An alarm that had been left on would go off first.
            let rings = Monitor(false)
            let later = Alarm { rings.change { $0 = true } }
            try #require(later != nil)
            later?.set(milliseconds: 400)
            rings.wait { $0 ? () : nil }
        }
        #expect(machine.script.deeds == ["jump"])
    }

    /// Without a guard a panic would be the end; a jump that takes long may still come to one.
    @Test func withoutAGuardThereIsNoPanic() throws {
        let machine = try machine(hasGuard: false) { _ throws(PlatformError) in usleep(100_000) }
        try JumpBack(on: machine, milliseconds: 1).take()
        #expect(machine.script.deeds == ["jump"])
    }
}
