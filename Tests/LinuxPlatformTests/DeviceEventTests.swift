// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage
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
        var events = try BlockDeviceEvents()
        // Devices of this machine may come and go meanwhile.
        while try events.next(milliseconds: 1) != .timeout {}
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
