// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// Secret memory, and drivers that are told.
@Suite struct KernelConsentTests {
    private func consent(
        _ machine: ScriptedMachine, force: Bool = false,
        _ recorded: RecordedReport = RecordedReport()
    ) -> KernelConsent {
        KernelConsent(machine, force: force, recorded.report)
    }

    private func isRefused(_ machine: ScriptedMachine, force: Bool = false) -> String? {
        do { try consent(machine, force: force).requireNoSecrets() } catch {
            return explanation(of: error)
        }
        return nil
    }

    /// As long as the kernel would hibernate there is none, and nobody is looked at.
    @Test func theKernelCounts() {
        let machine = ScriptedMachine { $0.secretMemoryUsers = ["keys (7)"] }
        #expect(isRefused(machine) == nil)
    }

    @Test(arguments: [
        KernelHibernation.absent, .disabled(hasCXLMemory: false), .disabled(hasCXLMemory: true),
    ])
    func secretMemoryIsRefused(hibernation: KernelHibernation) {
        for commandLine in ["", "nohibernate", "hibernate=no"] {
            for force in [false, true] {
                let machine = ScriptedMachine {
                    $0.kernelHibernation = hibernation
                    $0.secretMemoryUsers = ["keys (7)", "agent (8)"]
                    $0.commandLine = commandLine
                }
                #expect(
                    isRefused(machine, force: force)
                        == "secret memory (memfd_secret) is in use and must not be written to a "
                        + "disk: end keys (7), agent (8)")
            }
        }
    }

    @Test func manyUsersAreCutShort() {
        let machine = ScriptedMachine {
            $0.kernelHibernation = .disabled(hasCXLMemory: false)
            $0.secretMemoryUsers = (1...5).map { "p (\($0))" }
        }
        #expect(isRefused(machine)?.hasSuffix("end p (1), p (2), p (3), and others") == true)
    }

    /// What turns the kernel's hibernation off and says nothing against ours.
    @Test(arguments: [
        ("nohibernate", KernelHibernation.disabled(hasCXLMemory: false), Lockdown.off),
        ("quiet hibernate=no", .disabled(hasCXLMemory: false), .off),
        ("hibernate=nothing", .disabled(hasCXLMemory: false), .off),
        ("", .disabled(hasCXLMemory: true), .off), ("", .absent, .off),
        ("", .disabled(hasCXLMemory: false), .integrity),
    ])
    func otherReasons(commandLine: String, hibernation: KernelHibernation, lockdown: Lockdown) {
        let machine = ScriptedMachine {
            $0.commandLine = commandLine
            $0.kernelHibernation = hibernation
            $0.lockdown = lockdown
        }
        #expect(isRefused(machine) == nil)
    }

    /// It may be secret memory that we do not see.
    @Test(arguments: ["", "noresume", "hibernate=noresume", "hibernate=nocompress", "hibernate=x"])
    func noReason(commandLine: String) {
        let machine = ScriptedMachine {
            $0.commandLine = commandLine
            $0.kernelHibernation = .disabled(hasCXLMemory: false)
        }
        #expect(isRefused(machine)?.contains("nothing shows why") == true)
        #expect(isRefused(machine, force: true) == nil)
    }

    // Drivers.

    @Test func driversAreNotified() throws {
        let machine = ScriptedMachine()
        let notice = try consent(machine).notifyDrivers()
        #expect(machine.script.areDriversNotified)
        notice?.end()
        #expect(!machine.script.areDriversNotified)
    }

    @Test(arguments: [
        (KernelHibernation.absent, Errno.noSuchAddressOrDevice, "there is no /dev/snapshot"),
        (.absent, .noSuchFileOrDirectory, "there is no /dev/snapshot"),
        (.possible, .noSuchFileOrDirectory, "there is no /dev/snapshot"),
        (.disabled(hasCXLMemory: true), .notPermitted, "the kernel's hibernation is turned off"),
    ])
    func withoutTheDevice(hibernation: KernelHibernation, number: Errno, words: String) throws {
        let machine = ScriptedMachine {
            $0.kernelHibernation = hibernation
            $0.failures["notifyDrivers"] = .call(.open, path: "/dev/snapshot", number)
        }
        let recorded = RecordedReport()
        #expect(try consent(machine, recorded).notifyDrivers() == nil)
        #expect(recorded.lines == ["drivers are not prepared: \(words)"])
    }

    /// Somebody has opened it between the first look and this one.
    @Test func watchdogs() throws {
        let machine = ScriptedMachine { $0.watchdogs = [Watchdog(name: "esb", timeout: "30")] }
        let report = RecordedReport().report
        #expect(throws: HibernateError.self) {
            try KernelConsent(machine, force: false, report).requireNoWatchdog()
        }
        try KernelConsent(machine, force: true, report).requireNoWatchdog()
        machine.change { $0.watchdogs = [] }
        try KernelConsent(machine, force: false, report).requireNoWatchdog()
    }

    @Test func secretMemoryInTheMeantime() {
        let machine = ScriptedMachine {
            $0.kernelHibernation = .disabled(hasCXLMemory: false)
            $0.secretMemoryUsers = ["keys (7)"]
            $0.failures["notifyDrivers"] = .call(.open, path: "/dev/snapshot", .notPermitted)
        }
        let error = #expect(throws: HibernateError.self) { try consent(machine).notifyDrivers() }
        guard case .secretMemory(["keys (7)"])? = error else {
            Issue.record("\(error as Any)")
            return
        }
    }

    @Test(arguments: [Errno.resourceBusy, .notPermitted, .operationNotSupportedByDevice])
    func aDriverRefuses(number: Errno) {
        let machine = ScriptedMachine {
            $0.failures["notifyDrivers"] = .call(.open, path: "/dev/snapshot", number)
        }
        let error = #expect(throws: HibernateError.self) { try consent(machine).notifyDrivers() }
        guard case .notPrepared(number)? = error else {
            Issue.record("\(error as Any)")
            return
        }
    }
}
