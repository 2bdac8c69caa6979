// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

@Suite struct DeviceEventTests {
    @Test(
        arguments: [
            (
                "add@/devices/x/block/vda/vda1\0ACTION=add\0DEVPATH=/devices/x/block/vda/vda1\0SUBSYSTEM=block\0",
                .blockDevices(["vda1"])
            ),
            (
                "change@/x\0DEVPATH=/devices/block/cciss!c0d0\0SUBSYSTEM=block\0SEQNUM=7\0",
                .blockDevices(["cciss!c0d0"])
            ),
            // Which one is not said, or not clearly.
            ("add@/devices/vda\0ACTION=add\0SUBSYSTEM=block\0SEQNUM=7\0", .blockDevice),
            ("add@/x\0DEVPATH=\0SUBSYSTEM=block\0", .blockDevice),
            ("add@/x\0DEVPATH=///\0SUBSYSTEM=block\0", .blockDevice),
            ("add@/x\0DEVPATH=/a/b\0DEVPATH=/a/c\0SUBSYSTEM=block\0", .blockDevice),
            // udev's, after its binary header, repeats what the kernel has said.
            (
                "libudev\0\u{fe}\u{ed}\u{1}\0\0ACTION=add\0DEVPATH=/block/vda\0SUBSYSTEM=block\0",
                .blockDevices([])
            ),
            ("add@/devices/cpu\0ACTION=add\0DEVPATH=/devices/cpu\0SUBSYSTEM=cpu\0", .timeout),
            ("add@/devices/x\0NAME=SUBSYSTEM=block\0SUBSYSTEM=blocks\0", .timeout),
            ("SUBSYSTEM=bloc", .timeout),
            ("", .timeout),
        ] as [(String, BlockDeviceEvents.Event)])
    func devicesAreNamed(message: String, event: BlockDeviceEvents.Event) {
        #expect(BlockDeviceEvents.event(Array(message.utf8)[...]) == event)
    }

    /// What has come meanwhile is one event.
    @Test(
        arguments: [
            (.timeout, .timeout, .timeout),
            (.timeout, .blockDevices(["a"]), .blockDevices(["a"])),
            (.blockDevices(["a"]), .timeout, .blockDevices(["a"])),
            (.blockDevices(["a"]), .blockDevices(["b"]), .blockDevices(["a", "b"])),
            (.blockDevices(["a"]), .blockDevices([]), .blockDevices(["a"])),
            (.blockDevices(["a"]), .blockDevice, .blockDevice),
            (.blockDevice, .blockDevices(["a"]), .blockDevice),
            (.blockDevice, .timeout, .blockDevice),
        ] as [(BlockDeviceEvents.Event, BlockDeviceEvents.Event, BlockDeviceEvents.Event)])
    func eventsAreJoined(
        one: BlockDeviceEvents.Event, next: BlockDeviceEvents.Event, both: BlockDeviceEvents.Event
    ) {
        #expect(one.joined(with: next) == both)
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
