// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// An emulated arm64 machine with Debian's stock kernels, whose own hibernation writes the image.
extension Machines {
    @Suite(
        .serialized,
        .enabled(
            if: System.hasARM64,
            "arm64 is not tried: kresume is not built for it (make arm64 does both)"))
    struct ARM64Tests {
        private static func configuration(_ suite: System.Suite) -> Configuration {
            var configuration = Configuration()
            configuration.board = .virt
            configuration.processorModel = "cortex-a57"
            configuration.system = .debianARM64(suite)
            return configuration
        }

        @Test(arguments: System.Suite.allCases) func circleTwice(suite: System.Suite) throws {
            let configuration = Self.configuration(suite)
            try expectStockCircles(
                "arm64-\(suite)", configuration,
                restoredBy: [configuration.system, configuration.system])
        }

        @Test func notCompressedAndAsLargeAsItGets() throws {
            var configuration = Self.configuration(.bookworm)
            configuration.parameters = ["hibernate=nocompress"]
            configuration.memory = 1024
            try expectStockCircles(
                "arm64-large", configuration, restoredBy: [configuration.system], work: 400,
                before: { try $0.expect("echo 2147483647 >/sys/power/image_size") })
        }

        /// What is refused stays as it was: in the end the right kernel brings it back.
        @Test func whatIsRefused() throws {
            try Bench.use("arm64-refused") { bench in
                let fileSystem = try bench.ext4()
                var original = Self.configuration(.bookworm)
                original.disks = [Disk(try bench.swap(size: 1024)), Disk(fileSystem)]
                let machine = try bench.start("0", original)
                try machine.waitUntilBooted(limit: .seconds(300))
                try machine.startWork(memory: 16, on: "/dev/vdb")
                let hibernating = machine.send(stockHibernation())
                try machine.waitForPowerOff(by: hibernating, limit: .seconds(300))

                var other = original.booting("kresume resume /dev/vda")
                other.system = .debianARM64(.trixie)
                var virtualizing = original.booting("kresume resume /dev/vda")
                virtualizing.startsAtEL2 = true
                for (name, configuration, words) in [
                    ("other", other, "the image is of another kernel than this one"),
                    ("el2", virtualizing, "it was not started at EL1"),
                ] {
                    let refusing = try bench.start(name, configuration)
                    let reply = try refusing.waitForBootCommand()
                    #expect(reply.status == 1)
                    #expect(reply.output.contains(words), "\(reply.output)")
                    try refusing.expect("kresume hibernate 2>&1 | grep -c x86-64", gives: "1")
                    try refusing.powerOff()
                }

                let back = try bench.start("1", original.booting("kresume resume /dev/vda"))
                let reply = try back.waitForReturn(of: hibernating, limit: .seconds(600))
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()
                try back.stopWork()
                try bench.checkFileSystem(fileSystem)
            }
        }
    }
}
