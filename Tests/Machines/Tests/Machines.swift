// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// All tests that boot machines, one at a time: each machine has two processors or more, and the
/// deadlines count on them.
@Suite(.serialized)
enum Machines {}

extension Machine {
    /// Fills `memory` MiB with random data, mounts and dirties the ext4 on `device`, and starts
    /// a counter.
    func startWork(memory: Int = 64, on device: String = "/dev/vdb") throws {
        let reply = try run("work start \(memory) \(device)", limit: .seconds(300))
        try #require(reply == Reply(status: 0, output: ""))
    }

    /// Expects that all that `startWork` left is as it was, and that it goes on.
    func expectWorkIntact(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let reply = try run("work check", limit: .seconds(300))
        #expect(reply == Reply(status: 0, output: ""), sourceLocation: sourceLocation)
    }

    /// Ends the work, unmounts, switches off.
    func stopWork() throws {
        try #require(try run("work stop") == Reply(status: 0, output: ""))
        try powerOff()
    }
}
