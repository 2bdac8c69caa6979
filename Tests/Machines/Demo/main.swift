// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

// machine-demo stock|own: one of the two circles. What it shows is added to build/demo.txt.

do {
    let screen = try Screen(recording: "build/demo.txt")
    do {
        try (CommandLine.arguments.dropFirst().first == "stock" ? Circle.stock() : .own).show(
            on: screen)
    } catch {
        screen.say("\(error)")
        screen.say(
            "Failed: the machine did not come back as it was; its consoles: build/machines/demo*")
        exit(1)
    }
}
