// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// `kresume hibernate --hybrid`: the machine sleeps with its memory kept, and an image beside.
extension Machines {
    @Suite(.serialized) struct HybridTests {
        private static let hibernate = "kresume hibernate --hybrid /dev/vda"

        /// One machine, which has slept before without us, so that firmware and timers are not as after a boot:
        /// it does not fall asleep; it sleeps and is woken; it sleeps and the power goes.
        @Test func machineGoesOn() throws {
            try Bench.use("hybrid") { bench in
                let ext4 = try bench.ext4()
                let disk = Disk(try bench.swap(size: 1024))
                var configuration = Configuration()
                configuration.disks = [disk, Disk(ext4)]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork()
                try machine.expect("swapon-at 5 /dev/vda")
                let sleep = machine.send("echo mem >/sys/power/state")
                try machine.waitForSleep(by: sleep)
                machine.wakeUp()
                #expect(try machine.waitForReply(to: sleep).status == 0)

                let awake = try machine.run(
                    "\(Self.hibernate) --saver-append=saver.failure=awake", limit: .seconds(300))
                #expect(awake.status == 1)
                #expect(
                    awake.output.contains(
                        "is not asleep, and goes on: suspending to memory failed "
                            + "(Device or resource busy, the driver of alarmtimer"
                    ),
                    "\(awake.output)")
                try expectNoImage(machine, disk)

                let request = machine.send(Self.hibernate)
                try machine.waitForSleep(by: request, count: 2)
                #expect(try signature(disk) == "LINHIB0001")
                machine.wakeUp()
                let woken = try machine.waitForReply(to: request, limit: .seconds(300))
                #expect(woken.status == 0, "\(woken.output)")
                #expect(woken.output.contains("awake; memory was kept, and the image is dropped"))
                let console = machine.console
                let dropped = console.range(of: "awake, and the image is dropped; going back")
                #expect(
                    dropped.map { console[$0.upperBound...].contains("awake; memory was kept") }
                        == true)
                try expectNoImage(machine, disk)
                try machine.expect(
                    "kresume status | grep -c 'the machine slept, and its memory was kept'",
                    gives: "1")

                let last = machine.send(Self.hibernate)
                try machine.waitForSleep(by: last, count: 3)
                machine.kill()
                let back = try bench.start("back", configuration.booting(resume()))
                let resumed = try back.waitForReturn(of: last)
                #expect(resumed.status == 0, "\(resumed.output)")
                #expect(resumed.output.contains("resumed by Linux"))
                try expectNoImage(back, disk)
                try back.stopWork()
                try bench.checkFileSystem(ext4)
            }
        }

        /// All goes on, and the area is swap again, in use as before.
        private func expectNoImage(_ machine: Machine, _ disk: Disk) throws {
            try machine.expectWorkIntact()
            try machine.expect("kresume locate")
            try machine.expect("awk '$1 == \"/dev/vda\" { print $5 }' /proc/swaps", gives: "5")
            #expect(try signature(disk) == "SWAPSPACE2")
        }

        private func signature(_ disk: Disk) throws -> String {
            String(decoding: try ImageFile(disk.path).read(4086, 10), as: UTF8.self)
        }
    }
}
