// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

extension Machines {
    /// Debian's kernel with all drivers, on a machine with devices of many kinds, hibernates by
    /// itself. The kernel that brings it back has drivers for the disks of two of them only.
    @Suite(.serialized) struct StockDeviceTests {
        /// MiB.
        private static let swapSize = 1280
        private static let usbSize = 48

        /// What looks like an image on a stick that is plugged in: a boot does not read it.
        private static func onlyLocateSees(_ disk: String) -> String {
            """
            dd if=\(disk) of=/tmp/page bs=4096 count=1 2>/dev/null && \
            printf LINHIB0001 | dd of=\(disk) bs=1 seek=4086 conv=notrunc 2>/dev/null && \
            kresume locate | grep -q '^\(disk): unusable image' && \
            test -z "$(kresume resume --unattended 2>&1)" && \
            dd if=/tmp/page of=\(disk) bs=4096 conv=notrunc 2>/dev/null
            """
        }

        /// A driver that does not let its device be frozen, as graphics drivers in an initramfs do: the kernel
        /// gives an image up when it has read all of it. For kexec it is only shut down.
        @Test func driverThatRefusesToBeFrozen() throws {
            try Bench.use("stubborn-driver") { bench in
                var configuration = Configuration()
                configuration.system = .debian
                configuration.memory = 512
                configuration.pluggableMemory = 128
                configuration.disks = [
                    Disk(try bench.swap(size: 768)), Disk(try bench.ext4("work")),
                ]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16, on: "/dev/vdb")
                let request = machine.send(stockHibernation())
                try machine.waitForPowerOff(by: request)
                let load =
                    "for i in $(cat /modules/later/order); do insmod /modules/later/$i 2>/dev/null; done; lsmod | grep -c ^virtio_mem"

                var copy = configuration
                copy.disks = try configuration.disks.map {
                    Disk(
                        try bench.copy($0, as: "kernel-" + URL(filePath: $0.path).lastPathComponent)
                    )
                }
                let kernel = try bench.start("kernel", copy)
                try kernel.waitUntilBooted()
                try kernel.expect(load, gives: "1")
                let found = try kernel.run("kresume locate").output
                #expect(found.hasPrefix("/dev/vda: image"), "\(found)")
                _ = try kernel.run("cat /sys/class/block/vda/dev >/sys/power/resume")
                try kernel.expect("dmesg | grep -c 'save/restore not supported'", gives: "1")
                try kernel.expect("kresume locate")
                try kernel.powerOff()

                let back = try bench.start("back", configuration)
                try back.waitUntilBooted()
                try back.expect(load, gives: "1")
                let reply = try back.waitForReturn(of: request, by: back.send(resume()))
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()
                try back.stopWork()
                try bench.checkFileSystem(configuration.disks[1].path)
            }
        }

        @Test func devicesWorkAfterwards() throws {
            try Bench.use("stock-devices") { bench in
                let fileSystems = [
                    try bench.ext4("ahci"), try bench.ext4("usb", size: Self.usbSize),
                ]
                var original = Configuration()
                original.system = .debianFull
                original.board = .q35
                original.memory = 1024
                original.networkCard = "e1000e"
                original.devices = ["VGA,id=vga", "virtio-gpu-pci,id=virtio"]
                original.disks = [
                    Disk(try bench.swap(size: Self.swapSize, behind: 16), interface: .nvme),
                    Disk(fileSystems[0], interface: .ahci), Disk(fileSystems[1], interface: .usb),
                ]
                let machine = try bench.start("0", original)
                try machine.waitUntilBooted()
                try machine.expect(Self.waitForDisks)
                let ahci = try machine.run(Self.nameOfDisk(size: 64)).output
                let usb = try machine.run(Self.nameOfDisk(size: Self.usbSize)).output
                try machine.expect(Self.onlyLocateSees(usb))
                try machine.startWork(on: ahci)
                try machine.expect("mkdir /usb && mount -t ext4 \(usb) /usb")
                try machine.expect("ip address add 10.0.2.15/24 dev eth0 && ip link set eth0 up")
                try expectWorking(machine, bench, colour: 0xff)
                #expect(try shows(machine, 0xff, on: "virtio", driver: "virtio_gpu", bench))
                try machine.expect("sha256sum /usb/new >/run/usb.sum")

                var restore = original
                restore.system = .test
                let (back, reply) = try bench.circle(
                    machine,
                    by: """
                        swapon /dev/nvme0n1; \
                        echo shutdown >/sys/power/disk && echo disk >/sys/power/state
                        """,
                    restore: restore.booting("kresume resume /dev/nvme0n1"), as: "1",
                    limit: .seconds(600))
                #expect(reply.status == 0, "\(reply.output)")
                #expect(back.console.contains("kresume: going back"))
                try back.expectWorkIntact()
                try back.expect("sha256sum -c /run/usb.sum", gives: "/usb/new: OK")
                try back.expect("swapoff /dev/nvme0n1")
                try expectWorking(back, bench, colour: 0x55)
                // Its driver has no code for hibernation (neither in 6.1 nor in 6.12): what it
                // shows stays away, also after the kernel's own resume. Nothing else may suffer.
                try back.expect(Self.fill("virtio_gpu", with: 0x55))
                try back.expectWorkIntact()
                try back.expect("umount /usb")
                try back.stopWork()
                for path in fileSystems { try bench.checkFileSystem(path) }
            }
        }

        /// A USB disk comes some time after its driver.
        private static let waitForDisks = """
            turns=3000; until set -- /dev/sd?; [ $# = 2 ]; do \
            turns=$((turns - 1)); [ $turns -gt 0 ] || exit 1; usleep 10000; done
            """

        /// The path of the SCSI disk that is `size` MiB large: they have no fixed order.
        private static func nameOfDisk(size: Int) -> String {
            "cd /sys/block; grep -lx \(size << 11) sd*/size | sed 's,\\(.*\\)/size,/dev/\\1,'"
        }

        /// Fills the screen of a driver, 4 bytes a pixel.
        private static func fill(_ driver: String, with colour: UInt8) -> String {
            """
            number=$(sed -n 's/^\\([0-9]\\) \(driver).*/\\1/p' /proc/fb) && [ -n "$number" ] && \
            fb=/sys/class/graphics/fb$number && \
            tr '\\0' '\\\(String(colour, radix: 8))' </dev/zero | \
            head -c $(($(tr , '*' <$fb/virtual_size) * 4)) >"/dev/fb$number"
            """
        }

        /// Each of the devices takes and gives what it should.
        private func expectWorking(_ machine: Machine, _ bench: Bench, colour: UInt8) throws {
            // Behind the swap area; in the file systems.
            for (target, place) in [
                ("/dev/nvme0n1", Self.swapSize), ("/mnt/new", 0), ("/usb/new", 0),
            ] {
                try machine.expect(
                    """
                    dd if=/dev/urandom of=/tmp/new bs=1M count=8 2>/dev/null && \
                    dd if=/tmp/new of=\(target) bs=1M seek=\(place) conv=notrunc,fsync \
                    2>/dev/null && \
                    echo 3 >/proc/sys/vm/drop_caches && \
                    dd if=\(target) bs=1M skip=\(place) count=8 2>/dev/null | cmp - /tmp/new
                    """)
            }
            try machine.expect(
                """
                turns=60; until ping -c 1 -W 1 10.0.2.2 >/dev/null 2>&1; do \
                turns=$((turns - 1)); [ $turns -gt 0 ] || exit 1; done
                """)
            #expect(try shows(machine, colour, on: "vga", driver: "bochs-drm", bench))
        }

        /// Whether nearly all of a screen gets this colour. Written again until it is there: the
        /// first picture was seen to lack some of it.
        private func shows(
            _ machine: Machine, _ colour: UInt8, on device: String, driver: String, _ bench: Bench
        ) throws -> Bool {
            let path = bench.scratch("screen")
            let end = Date(timeIntervalSinceNow: 30)
            repeat {
                try machine.expect(Self.fill(driver, with: colour))
                try machine.capture(path, of: device)
                let bytes = try Data(contentsOf: URL(filePath: path))
                if bytes.count(where: { $0 == colour }) > bytes.count / 10 * 9 { return true }
            } while Date() < end
            return false
        }
    }
}
