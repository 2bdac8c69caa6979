// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// The saver kernel gets what it needs, and not much more.
extension Machines {
    @Suite(.serialized) struct SaverMemoryTests {
        /// A write fails when every thread has done something, so the machine goes on.
        @Test func enoughIsLeft() throws {
            try Bench.use("saver-memory") { bench in
                for (memory, processors, compression) in [(768, 2, "lz4"), (3072, 4, "zstd:19")] {
                    var configuration = Configuration()
                    configuration.memory = memory
                    configuration.processors = processors
                    var disk = Disk(try bench.swap("swap\(memory)", size: 1024))
                    disk.faults = [.init(.write, sector: 6 << 11, once: true)]
                    configuration.disks = [disk]
                    let machine = try bench.start("machine\(memory)", configuration)
                    try machine.waitUntilBooted()
                    try machine.expect("head -c $((40 << 20)) /dev/urandom >/tmp/random")
                    let reply = try machine.run(
                        "\(hibernate()) --verbose --compression=\(compression) "
                            + "--saver-append=saver.watch", limit: .seconds(600))
                    #expect(reply.output.contains("Input/output error"), "\(reply.output)")
                    let expected = try #require(
                        reply.output.number(after: "the saver kernel needs "))
                    let last = try #require(
                        machine.console.components(separatedBy: "init: ").last {
                            $0.contains(" KiB left, process ")
                        })
                    let left = try #require(Int(last.prefix { $0.isNumber })) >> 10
                    let process = try #require(last.number(after: "process ")) >> 10
                    let parts = reply.output.split(separator: "\n").first {
                        $0.contains("saver kernel needs")
                    }
                    print("\(memory) MiB, \(compression): \(left) MiB left, \(process) MiB taken")
                    print(parts ?? "")
                    #expect(left >= 12, "of \(expected) MiB")
                    #expect(left <= 80, "of \(expected) MiB")
                }
            }
        }
    }
}
