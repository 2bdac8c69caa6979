// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// `kresume test`, and keys that cancel a save: the machine goes on, and nothing is left of either.
extension Machines {
    @Suite(.serialized) struct CancelTests {
        /// A key, and when it is pressed.
        struct Moment: CustomTestStringConvertible {
            enum Key: String {
                case console = "Escape on the serial console"
                case keyboard = "Escape on the keyboard"
                case power = "the power button"
            }

            var key: Key
            /// Of what the saver says: words, or how many percent are saved.
            var words = "% "
            var percent = 0

            var testDescription: String { "\(key.rawValue) at \(words)\(percent)" }
        }

        /// Ten moments, the same ones each time, over all of a save but its last second: how much is saved is
        /// said once in each.
        private static let moments: [Moment] = {
            var state: UInt64 = 12
            func percent() -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % 80
            }
            return [
                Moment(key: .console, words: "Escape or the power key cancels"),
                Moment(key: .console, words: "saving the memory of"),
            ] + (0..<6).map { _ in Moment(key: .console, percent: percent()) } + [
                Moment(key: .keyboard, percent: percent()), Moment(key: .power, percent: percent()),
            ]
        }()

        /// One machine for all of it.
        @Test func machineGoesOn() throws {
            try Bench.use("cancel") { bench in
                let ext4 = try bench.ext4()
                var disk = Disk(try bench.swap(size: 512))
                // A save takes some seconds, however fast the host is.
                disk.writeLimit = 16 << 20
                var configuration = Configuration()
                configuration.disks = [disk, Disk(ext4)]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork()
                try machine.expect("swapon-at 5 /dev/vda")
                let before = try contents(disk)

                try expectTest(machine)
                #expect(try contents(disk) == before)
                let header = try ImageFile(disk.path).read(0, 3 * 4096)
                for moment in Self.moments {
                    try expectCancels(machine, moment)
                    #expect(try ImageFile(disk.path).read(0, 3 * 4096) == header, "\(moment)")
                }

                var restore = configuration.booting(resume())
                restore.disks[0].writeLimit = nil
                let (back, reply) = try bench.circle(
                    machine, by: hibernate(), restore: restore, as: "back")
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()
                try expectSwapIsOn(back)
                try back.stopWork()
                try bench.checkFileSystem(ext4)
            }
        }

        private func contents(_ disk: Disk) throws -> String {
            try Host.run(["sha256sum", disk.path])
        }

        private func expectSwapIsOn(_ machine: Machine) throws {
            try machine.expect("awk '$1 == \"/dev/vda\" { print $5 }' /proc/swaps", gives: "5")
        }

        private func expectTest(_ machine: Machine) throws {
            let reply = try machine.run("kresume test /dev/vda", limit: .seconds(300))
            #expect(reply.status == 0, "\(reply.output)")
            for words in [
                "the saver kernel came up in ", ", saw /dev/vda, and found the way back",
                "it would save ", "hibernation is expected to work",
            ] {
                #expect(reply.output.contains(words), "\(words): \(reply.output)")
            }
            #expect(machine.console.contains("trying to save the memory of"))
            try machine.expectWorkIntact()
            try expectSwapIsOn(machine)
        }

        private func expectCancels(_ machine: Machine, _ moment: Moment) throws {
            let start = machine.console.count
            let request = machine.send(hibernate())
            try machine.waitForConsole(since: start, limit: .seconds(300)) { console in
                moment.percent == 0 && console.contains(moment.words)
                    || Self.percent(in: console) >= max(moment.percent, 1)
            }
            switch moment.key {
            case .console: machine.type("\u{1b}")
            case .keyboard: machine.press("esc")
            case .power: machine.pressPowerButton()
            }
            let reply = try machine.waitForReply(to: request, limit: .seconds(120))
            #expect(reply.status == 3, "\(moment): \(reply.output)")
            let name = moment.key == .power ? "the power key" : "Escape"
            #expect(
                reply.output.contains("cancelled by \(name); the machine goes on"),
                "\(moment): \(reply.output)")
            try machine.expectWorkIntact()
            try expectSwapIsOn(machine)
            try machine.expect("kresume locate")
        }

        /// How much the saver says is saved; 0 where it has not said.
        private static func percent(in console: Substring) -> Int {
            let last = console.components(separatedBy: "kresume: saving ").dropFirst().last {
                $0.contains(" %")
            }
            return last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        }
    }
}
