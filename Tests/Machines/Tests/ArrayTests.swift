// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// Images on RAID 1: the saver kernel, which puts no array together, writes to each disk; the restore kernel
/// reads the array.
extension Machines {
    @Suite(.serialized) struct ArrayTests {
        private static let assemble = "(\(MirroredArray.assemble(["vdb", "vdc"])))"
        /// A logical volume on it in two pieces.
        private static let map = """
            map-device swap LVM-swap 0 400000 linear "/dev/md0 500000" \
                400000 400000 linear "/dev/md0 2048" >/dev/null
            """

        /// To the array; and to the volume, where what is at /dev/dm-0 says that it is elsewhere.
        @Test func mirrored() throws {
            try Bench.use("mirrored") { bench in
                var configuration = Configuration()
                configuration.memory = 512
                let disks = try ["one", "two"].map { Disk(try bench.disk($0, size: 450)) }
                try MirroredArray.make(disks.map(\.path), size: 450)
                configuration.disks = [Disk(try bench.ext4("work"))] + disks
                var machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16, on: "/dev/vda")
                try machine.expect(
                    """
                    \(Self.assemble) && mkswap /dev/md0 >/dev/null && swapon-at 5 /dev/md0
                    """)
                try machine.expect(
                    "kresume test 2>/dev/null | grep -c 'saw /dev/vdb, /dev/vdc, and found'",
                    gives: "1")
                for (index, (command, device, prepare)) in [
                    ("kresume hibernate", "/dev/md0", Self.assemble),
                    ("kresume hibernate /dev/dm-0", "/dev/dm-0", "\(Self.assemble) && \(Self.map)"),
                ].enumerated() {
                    if index > 0 {
                        try machine.expect(
                            "swapoff /dev/md0 && \(Self.map) && mkswap /dev/dm-0 >/dev/null")
                    }
                    let request = machine.send(command)
                    try machine.waitForPowerOff(by: request)
                    #expect(machine.console.contains("to /dev/vdb, /dev/vdc"))

                    machine = try bench.start("back-\(index)", configuration)
                    try machine.waitUntilBooted()
                    try machine.expect(prepare)
                    let reply = try machine.waitForReturn(
                        of: request, by: machine.send("kresume resume \(device)"))
                    #expect(reply.status == 0, "\(reply.output)")
                    try machine.expectWorkIntact()
                }
                // Each disk has what the other has, whichever kernel wrote it.
                try machine.expect(
                    """
                    cd /sys/block/md0/md && echo check >sync_action &&
                        until [ "$(cat sync_action)" = idle ]; do usleep 10000; done
                    cat mismatch_cnt
                    """, gives: "0", limit: .seconds(120))
                try machine.expect("swapon /dev/dm-0 && swapoff /dev/dm-0")
                try machine.expect("dmesg | grep -E 'WARNING|BUG|Call Trace'", status: 1)
                try machine.stopWork()
                try bench.checkFileSystem(configuration.disks[0].path)
            }
        }
    }
}
