// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// All tests that boot machines. Within a suite one runs at a time, but in `SetupTests`; as many suites run side by
/// side as there are processors, since a test keeps a thread of the testing library's to itself.
@Suite
enum Machines {}

extension Machine {
    /// Runs `command` and expects its status and output.
    func expect(
        _ command: String, gives output: String = "", status: Int = 0,
        limit: Duration = .seconds(300), sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let reply = try run(command, limit: limit)
        #expect(
            reply == Reply(status: status, output: output), "\(command)",
            sourceLocation: sourceLocation)
    }

    /// Whether its kernel is older than this version.
    func hasKernel(before major: Int, _ minor: Int) throws -> Bool {
        let numbers = try run("uname -r").output.split(separator: ".").prefix(2).map {
            Int($0.prefix { $0.isNumber }) ?? 0
        }
        return numbers.lexicographicallyPrecedes([major, minor])
    }

    /// Fills `memory` MiB with random data, mounts and dirties the ext4 on `device`, and starts
    /// a counter.
    func startWork(memory: Int = 64, on device: String = "/dev/vdb") throws {
        let reply = try run("work start \(memory) \(device)", limit: .seconds(300))
        try #require(reply == Reply(status: 0, output: ""))
    }

    /// Expects that all that `startWork` left is as it was, and that it goes on.
    func expectWorkIntact(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try expect("work check", sourceLocation: sourceLocation)
    }

    /// Ends the work, unmounts, switches off.
    func stopWork() throws {
        let reply = try run("work stop")
        try #require(reply == Reply(status: 0, output: ""))
        try powerOff()
    }
}

extension StringProtocol {
    /// The first whole number behind these words.
    func number(behind words: String) -> Int? {
        range(of: words).flatMap { found in
            Int(self[found.upperBound...].drop { $0 == " " }.prefix { $0.isNumber })
        }
    }
}
