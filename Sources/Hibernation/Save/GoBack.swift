// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import SaverPlan

/// `kresume save --back`: back into A without an image, by whatever way there is.
package struct GoBack {
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// Returns where this kernel was not started to save anything; else only by an error, when no
    /// way is left.
    package func run(saying reason: String) throws { try run(.failed(reason)) }

    func run(_ ending: Ending) throws {
        do {
            let line = KernelCommandLine(parsing: try machine.commandLine())
            guard let orders = try SaverOrders(line) else { return }
            try Permission.requireRoot(machine)
            ending.tell(report)
            try WayBack(orders, on: machine).take(leaving: ending.message)
        } catch MachineError.notRoot {
            throw MachineError.notRoot
        } catch {
            report.fail(explanation(of: error))
        }
        // One that was laid before is still loaded; where it got its message from may be gone.
        try? JumpBack(on: machine).take()
        try panic()
    }

    /// The kernel's own way back, where it has one.
    private func panic() throws {
        guard machine.isCrashKernelLoaded else { throw SaveError.noWayBack }
        try machine.panic()
        throw SaveError.noWayBack
    }
}
