// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// The machines are what their configuration says.
extension Machines {
    @Suite(.serialized) struct HardwareTests {
        @Test func q35WithNVMeAndAHCI() throws {
            try Bench.use("q35") { bench in
                var configuration = Configuration()
                configuration.board = .q35
                configuration.processors = 4
                configuration.memory = 5120
                configuration.disks = [
                    Disk(try bench.disk("nvme", size: 3), interface: .nvme),
                    Disk(try bench.disk("ahci", size: 5), interface: .ahci),
                ]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect("cat /sys/block/nvme0n1/size", gives: "6144")
                try machine.expect("cat /sys/block/sda/size", gives: "10240")
                try machine.expect("nproc", gives: "4")
                #expect(
                    try machine.run("grep -c '1[0-9a-f]*-.*System RAM' /proc/iomem").status == 0)
                #expect(try machine.run("grep -qw la57 /proc/cpuinfo").status == 0)
            }
        }

        @Test func uefiKeepsVariablesAcrossBoots() throws {
            try Bench.use("uefi") { bench in
                var configuration = Configuration()
                configuration.board = .q35
                configuration.processorModel = Configuration.wordwise + ",-la57"
                configuration.firmware = .uefi(variables: try bench.uefiVariables())
                configuration.disks = [
                    Disk(try bench.swap("first", size: 16)),
                    Disk(try bench.swap("second", size: 16)),
                ]
                let variable = "/sys/firmware/efi/efivars/Test-8cf2644b-4b0b-428f-9387-6d876050dc67"

                let first = try bench.start("first", configuration)
                try first.waitUntilBooted(limit: .seconds(300))
                #expect(try first.run("grep -qw la57 /proc/cpuinfo").status == 1)
                try first.expect("printf '\\007\\0\\0\\0value' >\(variable)")
                try first.powerOff()

                let second = try bench.start("second", configuration)
                try second.waitUntilBooted(limit: .seconds(300))
                try second.expect("tail -c 5 \(variable)", gives: "value")
                try expectHibernateLocation(second)
            }
        }

        /// systemd's variable decides between two images, which differ in what is wrong with them.
        private func expectHibernateLocation(_ machine: Machine) throws {
            let name = "the EFI variable HibernateLocation"
            let none = "kresume: \(name) leads to no image:"
            let ours = "kresume: the image is damaged: there is no header at byte 4096"
            let stock = "kresume: the image is damaged: its flags 0x0 contradict each other"
            let nowhere = "kresume: there is no hibernation image on any disk here"
            func sign(_ device: String, _ signature: String) throws {
                try machine.expect(
                    """
                    printf \(signature) | dd of=\(device) bs=1 seek=4086 conv=notrunc 2>/dev/null
                    """)
            }
            let uuid = try HibernateLocationVariable.set(in: machine, to: "/dev/vdb")

            // Nothing there, then the device without an image.
            try machine.expect(
                """
                dd if=/dev/vdb of=/tmp/page bs=4k count=1 2>/dev/null &&
                    dd if=/dev/zero of=/dev/vdb bs=4k count=1 2>/dev/null
                """)
            try machine.expect(
                "kresume resume --wait=0",
                gives: "\(none) there is no device UUID=\(uuid)\n\(nowhere)")
            try machine.expect("dd if=/tmp/page of=/dev/vdb bs=4k 2>/dev/null")
            try machine.expect(
                "kresume resume", gives: "\(none) there is no image on UUID=\(uuid)\n\(nowhere)")

            try sign("/dev/vda", "LINHIB0001")
            // Then the initramfs's own device is the next.
            try machine.expect(
                "kresume resume --default=/dev/vda",
                gives: "\(none) there is no image on UUID=\(uuid)\n\(ours)", status: 1)
            try sign("/dev/vdb", "S1SUSPEND\\\\0")
            try machine.expect("kresume resume --default=/dev/vda", gives: stock, status: 1)
            // Another system's is not followed; nor is any where the kernel command line decides.
            try machine.expect("mkdir -p /etc && echo 'ID=\"other\"' >/etc/os-release")
            try machine.expect(
                "kresume resume",
                gives: "kresume: \(name) is left alone: test wrote it, this is other\n\(ours)",
                status: 1)
            try machine.expect("echo ID=test >/etc/os-release")
            try machine.expect("kresume resume", gives: stock, status: 1)
            try machine.expect(
                "echo resume=/dev/vda >/tmp/line && mount --bind /tmp/line /proc/cmdline")
            try machine.expect("kresume resume", gives: ours, status: 1)
            try machine.expect("umount /proc/cmdline")

            // Another image goes, it stays; its own goes, it goes.
            let isThere = "ls \(HibernateLocationVariable.path) 2>/dev/null | wc -l"
            try machine.expect(
                "kresume discard /dev/vda", gives: "kresume: discarded the image on /dev/vda")
            try machine.expect(isThere, gives: "1")
            try machine.expect(
                "kresume discard /dev/vdb", gives: "kresume: discarded the image on /dev/vdb")
            try machine.expect(isThere, gives: "0")

            try machine.expect("printf '\\007\\0\\0\\0{' >\(HibernateLocationVariable.path)")
            try machine.expect(
                "kresume resume",
                gives: "kresume: \(name) cannot be read: it has 5 bytes, not an even number from 6 "
                    + "to 4096\n\(nowhere)")
        }

        @Test func stockDebianKernelSeesTheDisks() throws {
            try Bench.use("debian") { bench in
                var configuration = Configuration()
                configuration.system = .debian
                configuration.disks = [
                    Disk(try bench.disk("virtio", size: 3)),
                    Disk(try bench.disk("nvme", size: 5), interface: .nvme),
                ]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                #expect(try machine.run("uname -r").output.hasSuffix("-cloud-amd64"))
                try machine.expect("cat /sys/block/vda/size", gives: "6144")
                try machine.expect("cat /sys/block/nvme0n1/size", gives: "10240")
            }
        }

        @Test(arguments: [Disk.Interface.virtio, .nvme, .ahci])
        func injectedErrorsHitTheirSectorOnly(interface: Disk.Interface) throws {
            try Bench.use("errors-\(interface)") { bench in
                var disk = Disk(try bench.disk("disk", size: 8), interface: interface)
                disk.faults = [
                    .init(.write, sector: 8192), .init(.read, sector: 4096),
                ]
                var configuration = Configuration()
                configuration.disks = [disk]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                let path =
                    switch interface {
                    case .virtio: "/dev/vda"
                    case .nvme: "/dev/nvme0n1"
                    case .ahci, .usb: "/dev/sda"
                    }
                func write(at mebibyte: Int) throws -> Int {
                    try machine.run(
                        "dd if=/dev/zero of=\(path) bs=1M count=1 seek=\(mebibyte) conv=fsync"
                    ).status
                }
                func read(at mebibyte: Int) throws -> Int {
                    try machine.run("dd if=\(path) of=/dev/null bs=1M count=1 skip=\(mebibyte)")
                        .status
                }
                #expect(try write(at: 2) == 0)
                #expect(try write(at: 4) == 1)
                #expect(try read(at: 5) == 0)
                #expect(try machine.run("echo 3 >/proc/sys/vm/drop_caches").status == 0)
                #expect(try read(at: 2) == 1)
            }
        }
    }
}
