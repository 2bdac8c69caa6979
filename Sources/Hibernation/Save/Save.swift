// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import SaverPlan
import Threads

/// `kresume save`, in the saver kernel: lays the way back into A, has another process save A's
/// memory and switch the machine off, and takes the way back when that one fails, dies or hangs.
package struct Save {
    /// How long to wait for the device, in seconds, where the kernel command line does not say.
    package var configuredWait: UInt64?
    private let machine: any Machine
    private let report: Report

    /// How long nothing may be heard of the work, in seconds. Devices that are slow to answer try
    /// for half a minute (`SD_TIMEOUT`, `nvme_core.io_timeout`; Linux 6.12).
    private static let patience = 120
    /// How long this process itself may be stuck, in milliseconds: longer than it waits for anything.
    private let limit: Int

    package init(_ machine: any Machine, _ report: Report) {
        self.init(machine, report, limit: (Self.patience + 30) * 1000)
    }

    init(_ machine: any Machine, _ report: Report, limit: Int) {
        self.machine = machine
        self.report = report
        self.limit = limit
    }

    /// Returns where this kernel was not started to save anything; else only by an error, when even
    /// the way back failed.
    package func run() throws {
        let line = KernelCommandLine(parsing: try machine.commandLine())
        let orders: SaverOrders
        do {
            guard let given = try SaverOrders(line) else { return }
            orders = given
        } catch { return try GoBack(machine, report).run(saying: explanation(of: error)) }
        try Permission.requireRoot(machine)
        // Where a CPU hangs, so does whoever waits in the kernel for what only that one could do, such as a
        // grace period of RCU: this process, too, and nothing would end it. Then only a panic leads back.
        let alarm = machine.isCrashKernelLoaded ? Alarm { try? machine.panic() } : nil
        alarm?.set(milliseconds: limit)
        defer { alarm?.cancel() }
        protect()
        let wayBack = layWayBack(orders)
        let ending = saveElsewhere(unlessCancelled: wayBack != nil, alarm)
        if let wayBack {
            ending.tell(report)
            // The jump has one of its own.
            alarm?.cancel()
            do { try wayBack.take(leaving: ending.message) } catch {
                report.fail(explanation(of: error))
            }
        }
        try GoBack(machine, report).run(ending)
    }

    /// This process is to be there when all else is gone, on the CPU that A has jumped from. What
    /// hangs another CPU is noticed by ``saveElsewhere()``; a panic there would be the end.
    private func protect() {
        do {
            try machine.setOutOfMemoryScore(-1000)
            for name in ["kernel/watchdog_cpumask", "kernel/panic_on_oops"] {
                if try machine.sysctl(name) != nil { try machine.setSysctl(name, to: "0") }
            }
        } catch { report.warn(explanation(of: error)) }
        if !machine.isCrashKernelLoaded {
            report.warn("if this kernel panics, there is no way back: no crash kernel is loaded")
        }
    }

    /// Without a way back the image is still to be saved: there is nothing better to do.
    private func layWayBack(_ orders: SaverOrders) -> WayBack? {
        do { return try WayBack(orders, on: machine) } catch {
            report.warn("if saving fails, there is no way back: \(explanation(of: error))")
            return nil
        }
    }

    /// Comes back only if the machine was not switched off.
    ///
    /// - Parameter isCancellable: whether a key leads back.
    private func saveElsewhere(
        unlessCancelled isCancellable: Bool, _ alarm: Alarm?
    ) -> Ending {
        do {
            var arguments = ["save", "--worker"]
            if report.verbosity == .verbose { arguments.append("--verbose") }
            if report.verbosity == .quiet { arguments.append("--quiet") }
            if isCancellable { report.note("Escape or the power key cancels") }
            return try watch(machine.startWorker(arguments), unlessCancelled: isCancellable, alarm)
        } catch { return .failed(explanation(of: error)) }
    }

    /// Either the keys count or there may be an image, never both: the worker waits for its answer
    /// before the one write that makes it an image, and when it gets that no key is looked at any
    /// more.
    private func watch(
        _ worker: any Worker, unlessCancelled isCancellable: Bool, _ alarm: Alarm?
    ) throws -> Ending {
        var heard = SaveWord.Heard()
        var keys: KeySources = isCancellable ? .devices : []
        while true {
            alarm?.set(milliseconds: limit)
            switch try worker.next(milliseconds: Self.patience * 1000, keys: keys) {
            case .said(let bytes):
                let wasAnswered = heard.mayBecomeImage
                heard.add(bytes)
                // Until then a passphrase may be typed there, or the Enter that ends the wait.
                if heard.isDeviceFound, !keys.isEmpty { keys.insert(.console) }
                if heard.mayBecomeImage { keys = [] }
                if heard.mayBecomeImage, !wasAnswered { try worker.tell(SaveWord.answer) }
            case .key(let key):
                end(worker)
                return .cancelled(key)
            case .silent:
                worker.kill()
                return .failed(
                    explanation(of: SaveError.nothingHeard(seconds: Self.patience)))
            case .ended(let how):
                if heard.isAwake { return .awake }
                guard let text = heard.text else {
                    return .failed(explanation(of: SaveError.workerEnded(how)))
                }
                return heard.isTested ? .tested(text) : .failed(text)
            }
        }
    }

    /// With what it has given to the device, if that takes no longer than a moment.
    private func end(_ worker: any Worker) {
        worker.kill()
        while case .said? = try? worker.next(milliseconds: 5000, keys: []) {}
    }
}
