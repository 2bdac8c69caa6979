// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import TestSupport
import Testing

/// Signals, and SIGKILL, at seeded moments of `hibernate` and of `resume`, on a real kernel: nothing
/// is left behind. Then the machine hibernates and comes back. `InterruptionTests` does the same at
/// every call, on a scripted machine.
extension Machines {
    @Suite(.serialized) struct SignalTests {
        private enum Signal: Int {
            case hangUp = 1
            case interrupt = 2
            case kill = 9
            case terminate = 15

            static let soft = [interrupt, terminate, hangUp]
        }

        /// Where in a run, by its system calls.
        private enum Place: CustomStringConvertible {
            case call(Int)
            case swapoff
            /// The last one: what would be the jump.
            case jump

            var description: String {
                switch self {
                case .call(let number): "\(number)"
                case .swapoff: "swapoff"
                case .jump: "reboot"
                }
            }
        }

        /// All that kresume changes for a while.
        private static let condition = """
            awk 'NR > 1 { print $1, $5 }' /proc/swaps
            dmesg | sed -n 's/.*Adding .* across:[0-9]*k *//p' | tail -n 1
            grep -s . /proc/sys/vm/* /proc/sys/kernel/* | grep -v ns_last_pid
            cat /sys/kernel/kexec_loaded /sys/power/disk
            ls -A /run/kresume 2>/dev/null | grep -vx status || :
            """

        @Test func nothingIsLeftBehind() throws {
            try Bench.use("signals") { bench in
                let ext4 = try bench.ext4()
                let swap = try bench.swap(size: 1024)
                let header = try ImageFile(swap).read(0, 4096)
                var configuration = Configuration()
                configuration.disks = [Disk(swap), Disk(ext4)]
                let original = try bench.start("original", configuration)
                try original.waitUntilBooted()
                try original.expect("load keep memory 96")
                try original.startWork()
                try original.expect("swapon-at 5 /dev/vda discard")
                var run = try Run(original, hibernate(), Self.condition, random: SplitMix(state: 1))
                #expect(run.before.hasPrefix("/dev/vda 5\n"), "\(run.before)")
                #expect(run.before.split(separator: "\n")[1].contains("Dc"), "\(run.before)")

                for place in run.places(8) { try run.interrupt(at: place) }
                for place in run.places(1) + [.jump] { try run.kill(at: place) }
                // Something has to be on the swap area for its swapoff to take a while: a process's
                // memory, for which it looks at signals.
                let fill =
                    "fresh-pages $(awk '/MemAvail/ { print int($2 / 1024) + 128 }' /proc/meminfo)"
                try original.expect(fill, gives: "0")
                try run.interrupt(at: .swapoff)
                // How much of it came back before the signal is the host's affair.
                try original.expect(fill, gives: "0")
                try original.expect(
                    "awk '$1 == \"/dev/vda\" { print ($4 > 0) }' /proc/swaps", gives: "1")
                try run.kill(at: .swapoff)
                #expect(run.interrupted > 5)
                #expect(try ImageFile(swap).read(0, 4096) == header)
                try original.expectWorkIntact()

                // Nobody reads what it says, neither now nor when it is back.
                let request = original.send(
                    "{ \(hibernate()); echo $? >/run/status; } 2>&1 | head -n 1")
                try original.waitForPowerOff(by: request)
                let back = try expectResume(bench, configuration, request)
                try back.expect("cat /run/status", gives: "0")
                try back.expect(Self.condition, gives: run.before)
                try back.expect(
                    "echo >/run/load/memory; cat /run/load/memory.answer", gives: "24576")
                try back.expectWorkIntact()
                try back.stopWork()
                try bench.checkFileSystem(ext4)
            }
        }

        /// Boots a restore kernel, disturbs its `resume`, and lets it resume in the end.
        private func expectResume(
            _ bench: Bench, _ configuration: Configuration, _ request: Request
        ) throws -> Machine {
            let machine = try bench.start("restore", configuration)
            try machine.waitUntilBooted()
            let image = try ImageFile(configuration.disks[0].path)
            func state() throws -> UInt32 { try image.integer(ImageFile.state + 24) }
            var run = try Run(machine, resume(), Self.condition, random: SplitMix(state: 2))
            #expect(try state() == 2)
            for place in run.places(6) {
                try run.interrupt(at: place)
                #expect(try state() == 2, "\(place)")
            }
            #expect(run.interrupted > 3)
            for place in run.places(1) { try run.kill(at: place) }
            // Nobody knows whether it has jumped.
            try run.kill(at: .jump)
            #expect(try state() == 3)
            let refused = try machine.run(resume())
            #expect(refused.status == 1 && refused.output.contains("was tried before"))

            let restorer = machine.send("\(resume()) --retry")
            let reply = try machine.waitForReturn(of: request, by: restorer)
            #expect(reply.output.split(separator: "\n").count == 1, "\(reply.output)")
            return machine
        }

        /// A command that is disturbed again and again, and what there was before.
        private struct Run {
            let machine: Machine
            let command: String
            let condition: String
            let before: String
            var random: SplitMix
            /// How many system calls it makes when nobody disturbs it.
            let length: Int
            /// How often it has ended for a signal.
            private(set) var interrupted = 0

            /// Nobody disturbs it, but the jump fails.
            init(
                _ machine: Machine, _ command: String, _ condition: String, random: SplitMix
            ) throws {
                self.machine = machine
                self.command = command
                self.condition = condition
                self.random = random
                before = try machine.run(condition).output
                let reply = try machine.run("interrupt-at 0 0 \(command)", limit: .seconds(600))
                #expect(reply.status == 1, "\(reply.output)")
                #expect(reply.output.contains("Function not implemented"), "\(reply.output)")
                length = try #require(Int(machine.run("cat /run/interrupt-at").output))
                try machine.expect(condition, gives: before)
            }

            /// One in each of as many parts of the run, which may turn out a little shorter.
            mutating func places(_ count: Int) -> [Place] {
                let length = length * 9 / 10
                return (0..<count).map { part in
                    let range = (length * part / count)..<(length * (part + 1) / count)
                    return .call(1 + Int.random(in: range, using: &random))
                }
            }

            mutating func interrupt(at place: Place) throws {
                let signal = Signal.soft.randomElement(using: &random) ?? .interrupt
                let reply = try machine.run(
                    "interrupt-at \(signal.rawValue) \(place) \(command)", limit: .seconds(600))
                let isEnded = reply.status == 128 + signal.rawValue
                let isInterrupted = reply.output.contains("interrupted by SIG")
                let hasTried = reply.output.contains("Function not implemented")
                #expect(
                    isEnded || reply.status == 1 && (isInterrupted || hasTried),
                    "\(signal) at \(place) of \(length): \(reply)")
                if isInterrupted { interrupted += 1 }
                try machine.expect(condition, gives: before)
            }

            /// The next command, whichever, puts everything right.
            func kill(at place: Place) throws {
                let reply = try machine.run(
                    "interrupt-at 9 \(place) \(command)", limit: .seconds(600))
                #expect(reply.status == 128 + 9, "\(place) of \(length): \(reply)")
                let repair = try machine.run("kresume locate /dev/vdb")
                #expect(repair.status == 0, "\(place) of \(length): \(repair)")
                for line in repair.output.split(separator: "\n") {
                    #expect(
                        line.hasPrefix("kresume: an earlier kresume was killed: "),
                        "\(place) of \(length): \(repair)")
                }
                try machine.expect(condition, gives: before)
            }
        }
    }
}
