// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// Once round the circle of kresume's own, by a kernel and an initramfs that save and restore.
func ownCircle(
    _ bench: Bench, _ machine: Machine, by command: String,
    _ configuration: Configuration, as name: String, isEncrypted: Bool, asks: Bool
) throws -> Machine {
    let start = machine.console.count
    let request = machine.send(command)
    try machine.waitForPowerOff(by: request, limit: .seconds(300))
    let said = machine.console.dropFirst(start)
    #expect(said.contains("kresume: hibernating to /dev/vda2"))
    #expect(said.contains(", encrypted") == isEncrypted)
    return try comeBack(bench, request, configuration, as: name, asks: asks)
}

/// Its second half.
func comeBack(
    _ bench: Bench, _ request: Request, _ configuration: Configuration, as name: String,
    asks: Bool
) throws -> Machine {
    let back = try bench.start(name, configuration)
    if asks {
        try back.waitForConsole(
            "Passphrase of the hibernation image:", limit: .seconds(300))
        back.type("right\n")
    }
    try back.expectSystem(backFrom: request)
    return back
}

extension Machine {
    /// A restore kernel's, in which the Debian that sent `request` goes on.
    func expectSystem(backFrom request: Request) throws {
        let reply = try waitForReturn(of: request, limit: .seconds(600))
        #expect(reply.status == 0, "\(reply.output)")
        // The restore kernel has seen the root file system, and left it alone.
        #expect(!console.contains("EXT4-fs (vda1): mounted"))
        try expectWorkIntact()
        try expect("swapon --show=NAME --noheadings", gives: "/dev/vda2")
        try expect("systemctl is-system-running", gives: "running")
    }
}
