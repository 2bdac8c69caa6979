// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// `kresume sleep`: which of a program's writes is ours.
@Suite struct SleepProgramTests {
    private static let program: FilePath = "/usr/lib/systemd/systemd-sleep"
    private static let state: FilePath = "/sys/power/state"

    private func run(
        _ writes: [(file: FilePath, text: String)], mode: String = "[platform] shutdown suspend",
        _ outcome: MessagePage.Outcome? = .resumed, canSuspend: Bool = true
    ) throws -> [String] {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        machine.change { script in
            script.tracedWrites = writes
            script.canSuspendToMemory = canSuspend
            script.files["/sys/power/disk"] = Array("\(mode)\n".utf8)
            script.whenJumping = { machine throws(PlatformError) in
                guard let outcome else { throw .call(.reboot, path: nil, .resourceBusy) }
                let page = MessagePage(outcome, "6.1.0").bytes
                for memory in machine.script.pinned where memory.pageCount > 0 {
                    memory.store(page, in: PageFrame(0x3000))
                }
            }
        }
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(swapPath))
        _ = try SleepProgram(hibernate).run(Self.program, ["suspend-then-hibernate"])
        return machine.script.deeds.filter {
            $0.hasPrefix("trace ") || $0 == "jump"
                || ["passed", "done"].contains($0.split(separator: " ").last)
                || Int($0.split(separator: " ").last ?? "") != nil && $0.contains("/sys/power/")
        }
    }

    @Test func onlyTheKernelsHibernationIsReplaced() throws {
        let deeds = try run([
            ("/sys/power/disk", "platform\n"), (Self.state, "mem\n"), ("/tmp/state", "disk\n"),
            (Self.state, "disk\n"),
        ])
        #expect(
            deeds == [
                "trace /usr/lib/systemd/systemd-sleep suspend-then-hibernate",
                "platform to /sys/power/disk: passed", "mem to /sys/power/state: passed",
                "disk to /tmp/state: passed", "jump", "disk to /sys/power/state: done",
            ])
    }

    /// The kernel would save its own image, and suspend then.
    @Test(arguments: [MessagePage.Outcome.awake, .resumed])
    func hybridSleepIsOurs(outcome: MessagePage.Outcome) throws {
        let hybrid = "platform shutdown [suspend] test_resume"
        let deeds = try run([(Self.state, "disk")], mode: hybrid, outcome)
        #expect(deeds.suffix(2) == ["jump", "disk to /sys/power/state: done"], "\(deeds)")
        let refused = try run([(Self.state, "disk")], mode: hybrid, outcome, canSuspend: false)
        #expect(refused.suffix(1) == ["disk to /sys/power/state: 5"] && !refused.contains("jump"))
        let plain = try run([(Self.state, "disk")], outcome, canSuspend: false)
        #expect(plain.contains("jump"))
    }

    @Test(
        arguments: [
            (MessagePage.Outcome.cancelled, "done"), (.failed, "5"), (nil, "16"),
        ] as [(MessagePage.Outcome?, String)])
    func theProgramHearsWhatBecameOfIt(outcome: MessagePage.Outcome?, result: String) throws {
        let deeds = try run([(Self.state, "disk")], outcome)
        #expect(deeds.last == "disk to /sys/power/state: \(result)", "\(deeds)")
    }
}
