// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// The command by which a guest hibernates with the kernel's own code.
func stockHibernation(mode: String = "shutdown") -> String {
    """
    grep -q /dev/vda /proc/swaps || swapon /dev/vda; \
    echo \(mode) >/sys/power/disk && echo disk >/sys/power/state
    """
}

/// The kernel hibernates by itself; kresume brings it back, from whatever kernel.
extension Machines {
    @Suite(.serialized) struct StockCircleTests {
        /// Who hibernates, with which option: restored by the one kernel, then by the other.
        @Test(arguments: [
            (System.debian, "hibernate=nocompress"), (.debian, "hibernate=compress"),
            (.test, "hibernate.compressor=lz4"),
        ])
        func anyKernelRestoresAnyImage(original: System, option: String) throws {
            var configuration = Configuration()
            configuration.system = original
            configuration.parameters = [option]
            try expectStockCircles(
                "stock-\(original)-\(option.suffix(4))", configuration,
                restoredBy: [.test, .debian])
        }

        @Test func platformModeTwice() throws {
            try expectStockCircles(
                "stock-platform", Configuration(), restoredBy: [.test, .test],
                mode: "platform")
        }

        @Test func fourProcessorsAndMemoryAbove4GiB() throws {
            var configuration = Configuration()
            configuration.board = .q35
            configuration.processors = 4
            configuration.processorsTakeTurns = false
            configuration.memory = 5120
            try expectStockCircles("stock-above-4-gib", configuration, restoredBy: [.test])
        }

        /// More than half of memory, which the kernel's own resume could not take much above.
        @Test func asLargeAsTheKernelMakesThem() throws {
            var configuration = Configuration()
            configuration.memory = 2048
            try expectStockCircles(
                "stock-large", configuration, restoredBy: [.debian], work: 700,
                before: { try $0.expect("echo 2147483647 >/sys/power/image_size") })
        }

        @Test func swapFile() throws {
            try Bench.use("stock-swap-file") { bench in
                let (disk, offset) = try bench.swapFile(size: 512)
                let fileSystem = try bench.ext4()
                var configuration = Configuration()
                configuration.system = .debian
                configuration.disks = [Disk(disk), Disk(fileSystem)]
                let machine = try bench.start("0", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 64, on: "/dev/vdb")
                var restore = configuration
                restore.system = .test
                let (back, reply) = try bench.circle(
                    machine,
                    by: """
                        mkdir /swap && mount -t ext4 /dev/vda /swap && swapon /swap/swap && \
                        cat /sys/class/block/vda/dev >/sys/power/resume; \
                        echo \(offset) >/sys/power/resume_offset; \
                        echo shutdown >/sys/power/disk && echo disk >/sys/power/state
                        """,
                    // Not by resume_offset=, by which the kernel itself would come before us.
                    restore: restore.booting("kresume resume --offset=\(offset) /dev/vda"), as: "1")
                #expect(reply.status == 0, "\(reply.output)")
                #expect(back.console.contains("kresume: going back"))
                try back.expectWorkIntact()
                try back.expect("swapoff /swap/swap && umount /swap")
                try back.stopWork()
                for path in [disk, fileSystem] { try bench.checkFileSystem(path) }
            }
        }

        /// By the EFI variable that systemd sets.
        @Test func uefi() throws {
            var configuration = Configuration()
            configuration.system = .debian
            configuration.board = .q35
            try expectStockCircles(
                "stock-uefi", configuration, restoredBy: [.debian],
                before: { _ = try HibernateLocationVariable.set(in: $0, to: "/dev/vda") },
                by: "kresume resume -v", uefi: true,
                afterwards: { machine in
                    let name = "the EFI variable HibernateLocation"
                    #expect(machine.console.contains("kresume: \(name) names UUID="))
                    // Its name stays until efivarfs is mounted anew; to read asks the firmware.
                    try machine.expect("wc -c <\(HibernateLocationVariable.path)", gives: "0")
                    let variable =
                        "/sys/firmware/efi/efivars/Test-8cf2644b-4b0b-428f-9387-6d876050dc67"
                    try machine.expect("printf '\\007\\0\\0\\0value' >\(variable)")
                    try machine.expect("tail -c 5 \(variable)", gives: "value")
                })
        }

        @Test(arguments: [(["no5lvl"], []), ([], ["no5lvl"])])
        func pagingDepthsDiffer(original: [String], restore: [String]) throws {
            var configuration = Configuration()
            configuration.parameters = original
            try expectStockCircles(
                "stock-paging-depths", configuration, restoredBy: [.debian], with: restore)
        }
    }
}

/// Boots a guest with work in it, lets its kernel hibernate it and each of `systems` in turn bring
/// it back, and expects all that it worked on to be intact each time.
func expectStockCircles(
    _ name: String, _ configuration: Configuration, restoredBy systems: [System],
    with parameters: [String] = [], mode: String = "shutdown", work: Int = 64,
    before: (Machine) throws -> Void = { _ in }, by command: String = "kresume resume /dev/vda",
    uefi: Bool = false, afterwards: (Machine) throws -> Void = { _ in }
) throws {
    try Bench.use(name) { bench in
        let fileSystem = try bench.ext4()
        var original = configuration
        original.disks = [
            Disk(try bench.swap(size: configuration.memory + 256)), Disk(fileSystem),
        ]
        if uefi { original.firmware = .uefi(variables: try bench.uefiVariables()) }
        var machine = try bench.start("0", original)
        try machine.waitUntilBooted(limit: .seconds(300))
        try machine.startWork(memory: work, on: "/dev/vdb")
        try before(machine)
        for (index, system) in systems.enumerated() {
            var restore = original
            restore.system = system
            restore.parameters = parameters
            let (back, reply) = try bench.circle(
                machine, by: stockHibernation(mode: mode),
                restore: restore.booting(command), as: "\(index + 1)",
                limit: .seconds(600)
            ) {
                // Of two images the second has no two pages that adjoin.
                if index > 0 { try ScatteredImage.make(of: original.disks[0].path) }
            }
            #expect(reply.status == 0, "\(reply.output)")
            machine = back
            #expect(machine.console.contains("kresume: going back"))
            try machine.expectWorkIntact()
        }
        try afterwards(machine)
        try machine.stopWork()
        try bench.checkFileSystem(fileSystem)
    }
}
