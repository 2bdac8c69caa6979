// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// Whatever happens to the saver kernel, the machine goes on, says so, and hibernates the next time.
extension Machines {
    @Suite(.serialized) struct SaverFailureTests {
        private static let panic = "the saver kernel panicked, or its init ended"

        /// Options of `hibernate`, and words of the reason.
        private static let failures = [
            ("--saver-append='saver.failure=no-device kresume.wait=1'", "no device holds the"),
            ("--saver-append=saver.failure=kill", "the process that saves ended (signal 9)"),
            ("--saver-append=saver.failure=kill-all", "kresume save --back was called"),
            ("--saver-append=saver.failure=memory", "the process that saves ended (signal 9)"),
            ("--saver-append=saver.failure=exit", panic),
            ("--saver-append=rdinit=/bin/false", panic),
            ("--saver-append=rdinit=/none", panic),
            ("--saver-append=saver.failure=panic", panic),
            // A CPU that hangs with its interrupts on is noticed after twice this many seconds.
            ("--saver-append='saver.failure=hang watchdog_thresh=3'", panic),
            // For one that hangs with them off, the first waits for ever.
            ("--saver-append='saver.failure=hang-elsewhere watchdog_thresh=3'", panic),
        ]

        /// One machine, and one failure after the other.
        @Test func machineGoesOn() throws {
            try Bench.use("saver-failure") { bench in
                let ext4 = try bench.ext4()
                var configuration = Configuration()
                configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(ext4)]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork()
                let check = try machine.run("kresume check /dev/vda")
                #expect(check.status == 0)
                for words in [
                    "to hibernate by kresume: yes", "no swap is in use", "to resume: yes",
                    "kresume is in /boot/initrd.img-",
                ] { #expect(check.output.contains(words), "\(check.output)") }
                // Linux 6.12 waits for ever over such a one, so it is not started.
                try machine.expect("head -c 400000 /boot/initrd.img-$(uname -r) >/tmp/cut")
                let refused = try machine.run("\(hibernate()) --saver-initrd=/tmp/cut")
                #expect(refused.status == 1)
                #expect(refused.output.contains("/tmp/cut is cut short"), "\(refused.output)")
                for (option, words) in Self.failures {
                    let reply = try machine.run(
                        "\(hibernate()) \(option)", limit: .seconds(300))
                    #expect(reply.status == 1, "\(option)")
                    #expect(reply.output.contains(words), "\(option): \(reply.output)")
                    try machine.expectWorkIntact()
                    try machine.expect("kresume locate")
                }
                let (back, reply) = try bench.circle(
                    machine, by: hibernate(), restore: configuration.booting(resume()),
                    as: "back")
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()
                try back.stopWork()
                try bench.checkFileSystem(ext4)
            }
        }
    }
}
