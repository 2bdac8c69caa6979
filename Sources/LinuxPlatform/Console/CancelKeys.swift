// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Glibc
import SystemPackage

/// A key by which somebody at the machine takes back what it is about to do.
package enum CancelKey: Hashable, Sendable {
    case escape
    case power

    package var name: String {
        switch self {
        case .escape: "Escape"
        case .power: "the power key"
        }
    }
}

/// Where somebody may press one.
package struct KeySources: OptionSet, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Keyboards and buttons. Others who read them get their keys all the same.
    package static let devices = KeySources(rawValue: 1)
    /// The terminal behind /dev/console, which may be a serial line. What is typed there goes to
    /// nobody else, and is read at once, not after Enter.
    package static let console = KeySources(rawValue: 2)
}

/// Tells when a ``CancelKey`` is pressed.
final class CancelKeys {
    private let directory: FilePath
    private let terminal: FilePath
    /// By their names.
    private var devices: [String: InputDevice] = [:]
    private var console: EscapeTerminal?
    private var sources: KeySources = []
    /// When the devices were looked for.
    private var lastLook: UInt64?

    private let lookInterval: UInt64

    /// - Parameter lookInterval: how often devices are looked for, in nanoseconds. Neither udev nor
    ///   inotify need be there for it.
    init(
        devices directory: FilePath = "/dev/input", console terminal: FilePath = "/dev/console",
        lookInterval: UInt64 = 1_000_000_000
    ) {
        self.directory = directory
        self.terminal = terminal
        self.lookInterval = lookInterval
    }

    /// From now on keys count from these, and only from these. Call it again and again: devices
    /// come later.
    func watch(_ sources: KeySources) {
        if !sources.contains(.devices) { devices = [:] } else { lookForDevices() }
        if !sources.contains(.console) {
            console = nil
        } else if !self.sources.contains(.console) {
            console = EscapeTerminal(terminal)
        }
        self.sources = sources
    }

    /// What `poll` is to wait for.
    var descriptors: [pollfd] {
        let terminal = PassphrasePrompt.isOpen() ? nil : console
        return (devices.values.map(\.number) + (terminal.map { [$0.number] } ?? [])).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
    }

    /// How long to wait at most before ``watch(_:)`` and ``pressed()`` are called, in milliseconds.
    var patience: Int {
        if console?.isUndecided == true { return LoneEscape.milliseconds }
        return sources.contains(.devices) ? 1000 : Int(CInt.max)
    }

    /// Reads what there is.
    func pressed() -> CancelKey? {
        var found: CancelKey?
        for (name, device) in devices {
            switch device.input() {
            case .none: break
            case .key(let key): found = key
            case .end: devices[name] = nil
            }
        }
        switch console?.input() {
        case .key(let key): found = key
        case .end: console = nil
        case nil, .some(.none): break
        }
        return found
    }

    private func lookForDevices() {
        let now = Uptime.nanoseconds()
        if let lastLook, now - lastLook < lookInterval { return }
        lastLook = now
        let names = (try? SystemFile.names(in: directory)) ?? []
        for name in names where name.hasPrefix("event") && devices[name] == nil {
            // The node may not be there yet.
            devices[name] = InputDevice(directory.appending(name))
        }
    }
}

/// One thread at a time asks.
extension CancelKeys: @unchecked Sendable {}

enum KeyInput: Equatable {
    case none
    case key(CancelKey)
    /// There will be no more.
    case end
}

/// A keyboard or a button.
private final class InputDevice {
    private let descriptor: OwnedDescriptor

    init?(_ path: FilePath) {
        guard let file = try? OwnedDescriptor(open: path, O_RDONLY | O_NONBLOCK) else { return nil }
        descriptor = file
    }

    var number: CInt { descriptor.rawValue }

    func input() -> KeyInput {
        var result = KeyInput.none
        var bytes = [UInt8](repeating: 0, count: 64 * InputEvents.size)
        while true {
            let count = read(number, &bytes, bytes.count)
            let error = errno
            if count == -1, error == EINTR { continue }
            if count == -1, error == EAGAIN { return result }
            // ENODEV: it was unplugged.
            guard count > 0 else { return result == .none ? .end : result }
            if let key = InputEvents.key(in: Array(bytes[..<count])) { result = .key(key) }
        }
    }
}

enum InputEvents {
    /// `struct input_event` with its two 64-bit words of time (include/uapi/linux/input.h, Linux
    /// 6.12).
    static let size = 24

    /// The last one that was pressed. Numbers: include/uapi/linux/input-event-codes.h, Linux 6.12.
    static func key(in events: [UInt8]) -> CancelKey? {
        var result: CancelKey?
        for start in stride(from: 0, through: events.count - size, by: size) {
            let (isKey, pressed) = (1, 1)
            guard events.integer(at: start + 16, as: UInt16.self) == UInt16(isKey),
                // 0 when it is let go, 2 when it repeats.
                events.integer(at: start + 20, as: UInt32.self) == UInt32(pressed)
            else { continue }
            switch events.integer(at: start + 18, as: UInt16.self) {
            case 1: result = .escape
            case 116: result = .power
            default: break
            }
        }
        return result
    }
}
