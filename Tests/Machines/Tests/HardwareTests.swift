// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// The machines are what their configuration says.
extension Machines {
    @Suite struct HardwareTests {
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
                configuration.processorModel = "max,-la57"
                configuration.firmware = .uefi(variables: try bench.uefiVariables())
                let variable = "/sys/firmware/efi/efivars/Test-8cf2644b-4b0b-428f-9387-6d876050dc67"

                let first = try bench.start("first", configuration)
                try first.waitUntilBooted(limit: .seconds(300))
                #expect(try first.run("grep -qw la57 /proc/cpuinfo").status == 1)
                try first.expect("printf '\\007\\0\\0\\0value' >\(variable)")
                try first.powerOff()

                let second = try bench.start("second", configuration)
                try second.waitUntilBooted(limit: .seconds(300))
                try second.expect("tail -c 5 \(variable)", gives: "value")
            }
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
                    case .ahci: "/dev/sda"
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
