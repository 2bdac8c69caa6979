// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import TestSupport
import Testing

@testable import Hibernation

@Suite struct DeviceWaitTests {
    private let second: UInt64 = 1_000_000_000

    private func wait(
        _ seconds: UInt64, on machine: ScriptedMachine, _ recorded: RecordedReport,
        until isThere: () -> Bool
    ) throws -> Bool {
        let wait = DeviceWait(seconds: seconds, machine, recorded.report)
        return try wait.until("the device") { _ in isThere() ? true : nil } ?? false
    }

    @Test func whatIsThereCostsNothing() throws {
        let machine = ScriptedMachine { $0.hasEvents = false }
        let recorded = RecordedReport()
        #expect(try wait(30, on: machine, recorded) { true })
        #expect(machine.script.uptime == 0 && recorded.lines.isEmpty)
    }

    @Test func theDeviceComes() throws {
        let machine = ScriptedMachine {
            $0.events = [
                ScriptedEvent(.blockDevice, after: 500),
                ScriptedEvent(.blockDevice, after: 2500) { $0.symbols["there"] = 1 },
            ]
        }
        #expect(
            try wait(30, on: machine, RecordedReport()) { machine.script.symbols["there"] != nil })
        #expect(machine.script.uptime == 3 * second)
    }

    @Test func theTimeIsOver() throws {
        let machine = ScriptedMachine()
        #expect(try !wait(7, on: machine, RecordedReport()) { false })
        #expect(machine.script.uptime == 7 * second)
    }

    @Test func enterEndsIt() throws {
        let machine = ScriptedMachine {
            $0.events = [ScriptedEvent(.enterKey, after: 4200)]
        }
        #expect(try !wait(30, on: machine, RecordedReport()) { false })
        #expect(machine.script.uptime == 4_200_000_000)
    }

    @Test func aSignalEndsIt() throws {
        let machine = ScriptedMachine {
            $0.events = [ScriptedEvent(.timeout, after: 4100) { $0.signal = .interrupt }]
        }
        machine.holdSignalsBack()
        #expect(throws: MachineError.self) {
            try wait(30, on: machine, RecordedReport()) { false }
        }
        #expect(machine.script.uptime < 4_600_000_000)
    }

    /// Ten minutes at a prompt, and then the whole time still.
    @Test func theClockStandsWhileSomebodyIsAsked() throws {
        let machine = ScriptedMachine {
            $0.isAskingForPassphrase = true
            $0.events = [
                ScriptedEvent(.blockDevice, after: 600_000) { $0.isAskingForPassphrase = false }
            ]
        }
        #expect(try !wait(30, on: machine, RecordedReport()) { false })
        #expect(machine.script.uptime >= 629 * second && machine.script.uptime <= 631 * second)
    }

    @Test func withoutEventsNobodyWaits() throws {
        let machine = ScriptedMachine { $0.hasEvents = false }
        let recorded = RecordedReport()
        #expect(try !wait(30, on: machine, recorded) { false })
        #expect(recorded.contains("cannot wait for devices") && machine.script.uptime == 0)
    }

    @Test func noSecondsAreNoWait() throws {
        let machine = ScriptedMachine()
        #expect(try !wait(0, on: machine, RecordedReport()) { false })
        #expect(machine.script.uptime == 0)
    }

    @Test(
        arguments: [
            ("kresume.wait=5", nil, 5), ("kresume.wait=5", 9, 5), ("quiet", 9, 9),
            ("quiet", nil, 30),
            ("kresume.wait=soon", nil, 30), ("kresume.wait=99999999999", nil, 86_400),
        ] as [(String, UInt64?, UInt64)])
    func howLong(line: String, configured: UInt64?, seconds: UInt64) {
        let wait = DeviceWait(
            KernelCommandLine(parsing: line), configured: configured, ScriptedMachine(),
            RecordedReport().report)
        #expect(wait.seconds == seconds)
    }
}
