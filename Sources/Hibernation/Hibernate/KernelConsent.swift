// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import SystemPackage

/// What the kernel would ask and do before it hibernated by itself, as far as it concerns us.
struct KernelConsent {
    private let machine: any Machine
    private let report: Report
    private let force: Bool

    /// - Parameter force: what is not certain is accepted.
    init(_ machine: any Machine, force: Bool, _ report: Report) {
        self.machine = machine
        self.force = force
        self.report = report
    }

    /// Throws where somebody has secret memory: an image would carry it to the disk, in clear.
    ///
    /// The kernel counts it, and refuses to hibernate for it. But that it refuses has other reasons,
    /// too, which say nothing against our way; so then the processes are looked at.
    func requireNoSecrets() throws {
        let hibernation = try machine.kernelHibernation()
        if hibernation == .possible { return }
        let users = try machine.secretMemoryUsers()
        if !users.isEmpty { throw HibernateError.secretMemory(users) }
        guard case .disabled(let hasCXLMemory) = hibernation, !hasCXLMemory, !force,
            try !KernelCommandLine(parsing: machine.commandLine()).forbidsHibernation,
            try machine.lockdown() == .off
        else { return }
        throw HibernateError.hibernationDisabled
    }

    /// Throws where a watchdog counts that nobody would tell to wait: the image takes its time.
    func requireNoWatchdog() throws {
        guard !force, let watchdog = try machine.watchdogs().first else { return }
        throw HibernateError.watchdogRuns(watchdog)
    }

    /// Prepares drivers for what is coming, as far as the kernel can be asked to; until the notice
    /// ends.
    func notifyDrivers() throws -> (any DriverNotice)? {
        do { return try machine.notifyDrivers() } catch {
            switch (try machine.kernelHibernation(), error.number) {
            case (.absent, _), (_, .noSuchFileOrDirectory?):
                report.detail("drivers are not prepared: there is no /dev/snapshot")
                return nil
            case (.disabled, .notPermitted?):
                // By now somebody may have begun to use it.
                try requireNoSecrets()
                report.detail("drivers are not prepared: the kernel's hibernation is turned off")
                return nil
            case (_, let number?): throw HibernateError.notPrepared(number)
            case (_, nil): throw error
            }
        }
    }
}
