// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

@Suite struct DeviceEventTests {
    @Test(arguments: [
        ("add@/devices/vda\0ACTION=add\0SUBSYSTEM=block\0SEQNUM=7\0", true),
        // udev's, after its binary header.
        ("libudev\0\u{fe}\u{ed}\u{1}\0\0ACTION=add\0SUBSYSTEM=block\0", true),
        ("add@/devices/cpu\0ACTION=add\0SUBSYSTEM=cpu\0", false),
        ("add@/devices/x\0NAME=SUBSYSTEM=block\0SUBSYSTEM=blocks\0", false),
        ("SUBSYSTEM=bloc", false),
        ("", false),
    ])
    func blockDevicesAreToldFromOthers(message: String, isBlockDevice: Bool) {
        #expect(BlockDeviceEvents.isAboutBlockDevice(Array(message.utf8)[...]) == isBlockDevice)
    }

    @Test func waitingEnds() throws {
        let events = try BlockDeviceEvents()
        // Devices of this machine may come and go meanwhile.
        while try events.next(milliseconds: 1) != .timeout {}
    }

    /// Input without Enter, and what came before, is not Enter.
    @Test func enterIsSeen() throws {
        var master: CInt = -1
        var slave: CInt = -1
        try #require(openpty(&master, &slave, nil, nil, nil) == 0)
        defer {
            close(master)
            close(slave)
        }
        #expect(write(master, "\n", 1) == 1)
        let terminal = try #require(Terminal(FilePath("/proc/self/fd/\(slave)")))
        #expect(terminal.input() == .none)

        let events = try BlockDeviceEvents(terminal: terminal)
        #expect(write(master, "abc", 3) == 3)
        #expect(terminal.input() == .none)
        #expect(write(master, "\n", 1) == 1)
        var event = BlockDeviceEvents.Event.timeout
        // Devices of this machine may come and go meanwhile.
        while event != .enterKey { event = try events.next(milliseconds: 60_000) }
        #expect(terminal.input() == .none)
        // The line was read, not only seen.
        #expect(fcntl(slave, F_SETFL, O_NONBLOCK) == 0)
        var byte: UInt8 = 0
        #expect(read(slave, &byte, 1) == -1)
    }

    @Test func onlyATerminalIsAsked() {
        #expect(Terminal("/dev/null") == nil)
        #expect(Terminal("/does/not/exist") == nil)
    }

    @Test func promptIsSeen() throws {
        let tree = try TemporaryTree()
        let directory = tree.root
        #expect(!PassphrasePrompt.isOpen(directory.appending("missing")))
        #expect(!PassphrasePrompt.isOpen(directory))
        try tree.write([], to: "tmp.x")
        #expect(!PassphrasePrompt.isOpen(directory))
        try tree.write([], to: "ask.x")
        #expect(PassphrasePrompt.isOpen(directory))
    }
}
