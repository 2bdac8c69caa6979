// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// Something that happens while a machine waits for devices.
package struct ScriptedEvent: Sendable {
    package var event: BlockDeviceEvents.Event
    /// In milliseconds after the one before it.
    package var delay: UInt64
    /// What has changed by then.
    package var change: @Sendable (inout ScriptedMachine.Script) -> Void

    package init(
        _ event: BlockDeviceEvents.Event, after delay: UInt64,
        _ change: @escaping @Sendable (inout ScriptedMachine.Script) -> Void = { _ in }
    ) {
        self.event = event
        self.delay = delay
        self.change = change
    }
}

/// The script's events, on the machine's clock.
final class ScriptedEvents: DeviceEvents {
    private let machine: ScriptedMachine

    init(of machine: ScriptedMachine) { self.machine = machine }

    func next(milliseconds: Int) throws(PlatformError) -> BlockDeviceEvents.Event {
        let limit = UInt64(milliseconds)
        var script = machine.script
        defer { machine.script = script }
        guard let next = script.events.first, next.delay <= limit else {
            script.uptime += limit * 1_000_000
            if !script.events.isEmpty { script.events[0].delay -= limit }
            return .timeout
        }
        script.events.removeFirst()
        script.uptime += next.delay * 1_000_000
        next.change(&script)
        return next.event
    }
}
