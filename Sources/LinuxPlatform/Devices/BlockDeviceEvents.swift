// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// What somebody who waits for a device waits for.
package protocol DeviceEvents: AnyObject {
    /// The next event; ``BlockDeviceEvents/Event/timeout`` after so many milliseconds.
    func next(milliseconds: Int) throws(PlatformError) -> BlockDeviceEvents.Event
}

/// Tells when a block device comes, goes or changes: by the kernel's uevents, and by udev's, which
/// come when udev has made its links in /dev.
///
/// Events are kept from the moment this is made. So make it first, then look for the device, then
/// wait: nothing falls between.
package final class BlockDeviceEvents: DeviceEvents {
    package enum Event: Hashable, Sendable {
        /// Devices came, went or changed. These are the kernel's names of them, as in /sys/class/block; nil
        /// where it may have been any.
        case blockDevices(Set<String>?)
        /// Somebody pressed Enter on the terminal, and was not being asked for a passphrase.
        case enterKey
        case timeout

        /// Something happened to any of them.
        package static let blockDevice = Event.blockDevices(nil)
    }

    private let socket: OwnedDescriptor
    private var terminal: Terminal?

    /// Throws where the kernel has no netlink (CONFIG_NET).
    package convenience init() throws(PlatformError) { try self.init(terminal: Terminal()) }

    init(terminal: Terminal?) throws(PlatformError) {
        socket = OwnedDescriptor(adopting: try systemCall(.socket) { linux_uevent_socket() })
        self.terminal = terminal
    }

    /// The next event; ``Event/timeout`` after so many milliseconds, or after events that were
    /// not about a block device.
    package func next(milliseconds: Int) throws(PlatformError) -> Event {
        var descriptors = [pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)]
        if let terminal, !PassphrasePrompt.isOpen() {
            descriptors.append(pollfd(fd: terminal.rawValue, events: Int16(POLLIN), revents: 0))
        }
        let limit = CInt(clamping: milliseconds)
        try systemCall(.poll) { poll(&descriptors, nfds_t(descriptors.count), limit) }
        // A prompt that has come up meanwhile is what was typed for.
        if descriptors.count > 1, descriptors[1].revents != 0, !PassphrasePrompt.isOpen() {
            switch terminal?.input() {
            case .enter: return .enterKey
            case .end: terminal = nil
            case nil, .some(.none): break
            }
        }
        return descriptors[0].revents != 0 ? drain() : .timeout
    }

    /// Reads all that has arrived: one look at the devices answers it all.
    private func drain() -> Event {
        var message = [UInt8](repeating: 0, count: 16 << 10)
        var all = Event.timeout
        while true {
            let count = recv(socket.rawValue, &message, message.count, 0)
            let error = errno
            if count > 0 {
                all = all.joined(with: Self.event(message[..<count]))
            } else if count == -1, error == ENOBUFS {
                // More came than the socket holds; what was lost may have been ours.
                all = .blockDevice
            } else if count != -1 || error != EINTR {
                return all
            }
        }
    }

    /// What a message says; ``Event/timeout`` where it is not about a block device.
    ///
    /// The kernel's messages and udev's are both strings that end in zero bytes, udev's after a header. What
    /// is in them is not believed, only taken as the moment to look, and where. A message of udev's repeats one
    /// of the kernel's when the links in /dev are made: on the device nothing has changed since.
    static func event(_ message: ArraySlice<UInt8>) -> Event {
        let lines = message.split(separator: 0)
        guard lines.contains(where: { $0.elementsEqual("SUBSYSTEM=block".utf8) }) else {
            return .timeout
        }
        if message.starts(with: "libudev\0".utf8) { return .blockDevices([]) }
        let key = "DEVPATH=".utf8
        let paths = lines.filter { $0.starts(with: key) }
        guard paths.count == 1,
            let name = paths[0].dropFirst(key.count).split(separator: UInt8(ascii: "/")).last
        else { return .blockDevice }
        return .blockDevices([String(decoding: name, as: UTF8.self)])
    }
}

extension BlockDeviceEvents.Event {
    /// Of what happened to block devices.
    func joined(with next: Self) -> Self {
        switch (self, next) {
        case (.blockDevices(let names?), .blockDevices(let more?)):
            .blockDevices(names.union(more))
        case (.blockDevices, .blockDevices): .blockDevice
        case (.blockDevices, _): self
        default: next
        }
    }
}
