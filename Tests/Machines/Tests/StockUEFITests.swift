// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

extension Machines {
    /// The kernel's own hibernation on a machine with UEFI.
    @Suite(.serialized) struct StockUEFITests {
        /// The restore kernel is started by another kernel. That kernel's EFI stub has put aside a
        /// copy of a device's option ROM, and where it lies is cut out of the memory map that the
        /// restore kernel gets.
        @Test func restoreKernelStartedByAnotherKernel() throws {
            try Bench.use("stock-uefi-kexec") { bench in
                let fileSystem = try bench.ext4()
                var original = Configuration()
                original.system = .debian
                original.board = .q35
                original.devices = ["virtio-balloon-pci,romfile=efi-virtio.rom"]
                original.firmware = .uefi(variables: try bench.uefiVariables())
                original.disks = [Disk(try bench.swap(size: 1024)), Disk(fileSystem)]
                let machine = try bench.start("0", original)
                try machine.waitUntilBooted(limit: .seconds(300))
                try machine.startWork(on: "/dev/vdb")

                let map = try machine.run(Self.showMemoryMap).output
                let (before, after) = (Self.variable("Before"), Self.variable("After"))
                try machine.expect("printf '\\007\\0\\0\\0value' >\(before)")

                let request = machine.send(stockHibernation())
                try machine.waitForPowerOff(by: request)
                var loading = original
                loading.system = .debianTwice
                let restorer = try bench.start("1", loading)
                try restorer.waitUntilBooted(limit: .seconds(300))
                #expect(try restorer.run(Self.showMemoryMap).output == map)
                _ = restorer.send(
                    """
                    kexec-file /boot/vmlinuz /boot/initrd.img "$(cat /proc/cmdline) -- run true"
                    """)
                #expect(try restorer.waitForBootCommand().status == 0)
                #expect(try restorer.run(Self.showMemoryMap).output != map)
                try expectRefusalByKernel(restorer)

                let resume = restorer.send("kresume resume /dev/vda")
                let reply = try restorer.waitForReturn(of: request, by: resume)
                #expect(reply.status == 0, "\(reply.output)")
                #expect(restorer.console.contains("kresume: going back"))
                try restorer.expectWorkIntact()
                try restorer.expect("tail -c 5 \(before)", gives: "value")
                try restorer.expect("printf '\\007\\0\\0\\0value' >\(after)")
                try restorer.expect("tail -c 5 \(after)", gives: "value")
                try restorer.stopWork()
                try bench.checkFileSystem(fileSystem)
            }
        }

        private static let showMemoryMap = "cd /sys/firmware/memmap; head */start */end */type"

        /// The kernel puts the swap signature back before it looks at the image.
        private func expectRefusalByKernel(_ machine: Machine) throws {
            try machine.expect("dd if=/dev/vda of=/tmp/header bs=4096 count=1 2>/dev/null")
            _ = try machine.run("cat /sys/block/vda/dev >/sys/power/resume")
            try machine.expect(
                "dmesg | grep -c 'Image mismatch: architecture specific data'", gives: "1")
            try machine.expect(
                "dd if=/tmp/header of=/dev/vda bs=4096 conv=notrunc,fsync 2>/dev/null")
        }

        private static func variable(_ name: String) -> String {
            "/sys/firmware/efi/efivars/\(name)-8cf2644b-4b0b-428f-9387-6d876050dc67"
        }
    }
}
