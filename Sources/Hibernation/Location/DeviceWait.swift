// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform

/// Waits until a device is there, by the kernel's word, not by asking again and again.
///
/// A device that is there already costs nothing. The time does not run while somebody is being
/// asked for a passphrase: the device may be what it unlocks.
struct DeviceWait {
    /// At most.
    let seconds: UInt64
    let machine: any Machine
    let report: Report
    /// Called about once a second while there is something to wait for.
    var stillWaiting: () -> Void = {}

    static let defaultSeconds: UInt64 = 30
    /// No device takes longer than a day, and no sum below overflows.
    private static let most: UInt64 = 86_400

    init(seconds: UInt64, _ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.seconds = min(seconds, Self.most)
        self.report = report
    }

    /// `kresume.wait=` of the command line, else what is configured, else the default.
    init(
        _ line: KernelCommandLine, configured: UInt64?, _ machine: any Machine, _ report: Report
    ) {
        let option = line.value(of: "kresume.wait").flatMap { UInt64($0) }
        self.init(seconds: option ?? configured ?? Self.defaultSeconds, machine, report)
    }

    /// What `look` finds, now or later. Nil where it did not in time, or where Enter was pressed.
    ///
    /// - Parameters:
    ///   - what: completes "waiting for".
    ///   - look: is given what it has seen before, as far as that has not changed.
    func until<Found>(
        _ what: String, _ look: (SeenDevices) throws -> Found?
    ) throws -> Found? {
        if let found = try look(SeenDevices()) { return found }
        guard seconds > 0, let events = events() else { return nil }
        // It may have come, or another may have changed, between the first look and the beginning of the events.
        let seen = SeenDevices()
        if let found = try look(seen) { return found }
        report.note("waiting for \(what), \(seconds) seconds at most; Enter goes on without it")
        defer { report.clearSplash() }
        var left = seconds * 1000
        while left > 0 {
            let start = machine.uptime()
            stillWaiting()
            try machine.throwIfInterrupted()
            // In slices, for the time to stand still during a prompt, and for signals.
            switch try events.next(milliseconds: Int(min(left, 250))) {
            case .enterKey: return nil
            case .blockDevices(let names):
                seen.forget(names)
                if let found = try look(seen) { return found }
            case .timeout: break
            }
            if machine.isAskingForPassphrase { continue }
            left -= min(left, (machine.uptime() - start) / 1_000_000)
        }
        // Once more at all of them, for changes of which the kernel has said nothing.
        return try look(SeenDevices())
    }

    private func events() -> (any DeviceEvents)? {
        do { return try machine.deviceEvents() } catch {
            report.warn("cannot wait for devices: \(explanation(of: error))")
            return nil
        }
    }
}
