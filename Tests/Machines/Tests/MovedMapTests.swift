// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// The firmware's memory map is another one at each boot. `kexec-firmware` stands for such a firmware:
/// it starts a kernel with ACPI's tables wherever a test wants them.
extension Machines {
    @Suite(.serialized) struct MovedMapTests {
        /// One machine on its way: a boot with other memory kept by the firmware, which starts the
        /// machine again; the same once more, which is refused; and one in which only the tables have
        /// moved, by three quarters of their size.
        @Test func retriedRefusedResumed() throws {
            try Bench.use("moved-map") { bench in
                let fileSystem = try bench.ext4()
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.swap(size: 1024)), Disk(fileSystem),
                    // What the kernels get that are started from here.
                    Disk(try bench.copy(Disk(System.test.files().initramfs), as: "initramfs")),
                ]
                let machine = try bench.start("original", configuration)
                try machine.waitUntilBooted()
                _ = machine.send(start(tables: 0x1000_0000, storage: 0x2800_0000, "true"))
                #expect(try machine.waitForBootCommand().status == 0)
                let tables = try machine.run(Self.showTables).output
                #expect(tables.contains("DSDT") && tables.contains("\n15"), "\(tables)")
                try machine.startWork(memory: 200)
                let request = machine.send(hibernate())
                try machine.waitForPowerOff(by: request)

                let other = start(
                    tables: 0x1000_0000, storage: 0x2801_0000,
                    "kresume resume --unattended", options: "resume=/dev/vda kresume.retry=1")
                let restarting = try bench.start("restarting", configuration)
                try restarting.waitUntilBooted()
                _ = restarting.send(other)
                try restarting.waitForRestart()
                for words in [
                    "only in the image: 0x10400000-0x27ffffff System RAM, "
                        + "0x28000000-0x2800ffff ACPI Non-volatile Storage, ",
                    "starting the machine again, which may give it the right memory map: 1 of 1",
                ] { #expect(restarting.console.contains(words), "\(words)") }

                let back = try bench.start("back", configuration)
                try back.waitUntilBooted()
                _ = back.send(other)
                let refusal = try back.waitForBootCommand()
                #expect(refusal.status == 1)
                for words in ["are used up", "the firmware's memory map is not the one"] {
                    #expect(refusal.output.contains(words), "\(refusal.output)")
                }

                let restorer = back.send(
                    start(tables: 0x1030_0000, storage: 0x2800_0000, "kresume resume"))
                let reply = try back.waitForReturn(of: request, by: restorer)
                #expect(reply.status == 0, "\(reply.output)")
                #expect(back.console.contains("ACPI's tables lie elsewhere in this boot"))
                try back.expectWorkIntact()
                try back.expect(Self.showTables, gives: tables)
                try back.expect("dmesg | grep -c 'ACPI.*Error'", gives: "0", status: 1)
                try back.expect("swapon /dev/vda && swapoff /dev/vda")
                try back.expect("kresume locate")
                try back.stopWork()
                try bench.checkFileSystem(fileSystem)
            }
        }

        /// The tables as they are in memory, and what methods in them say that are run now.
        private static let showTables = """
            cd /sys/firmware/acpi/tables && sha256sum [A-Z]*; \
            cat /sys/bus/acpi/devices/*/status
            """

        private func start(
            tables: Int, storage: Int, _ command: String, options: String = ""
        ) -> String {
            """
            kexec-firmware /boot/vmlinuz-$(uname -r) /dev/vdc \
            "$(cat /proc/cmdline | sed 's/ -- .*//; s/[a-z.]*resume[^ ]*//g') \(options) -- run \(command)" \
            \(String(tables, radix: 16)) \(String(storage, radix: 16))
            """
        }
    }
}
