// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// Images on several disks. On RAID 1 the saver kernel, which puts no array together, writes to each disk, and the
/// restore kernel reads the array. On a striped volume nobody but the original kernel puts that together.
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

        /// A striped volume, which begins at another place on each disk, and one in LUKS on it: what cryptsetup
        /// would make, with a header of 16 MiB.
        private static let stripe = """
            map-device swap LVM-swap 0 960000 striped "2 128 /dev/vdb 2048 /dev/vdc 4096"
            """
        private static let encrypt = """
            map-device inner CRYPT-LUKS2-0123-inner 0 927232 crypt "aes-xts-plain64 \
            $(printf '%064d' 7) 0 /dev/dm-0 32768"
            """

        /// Neither the saver kernel nor the restore kernel has the volumes.
        @Test func striped() throws {
            try Bench.use("striped") { bench in
                var configuration = Configuration()
                configuration.memory = 512
                let disks = try ["one", "two"].map { Disk(try bench.disk($0, size: 240)) }
                let work = Disk(try bench.ext4("work"))
                configuration.disks = [work] + disks
                var machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16, on: "/dev/vda")
                try machine.expect(
                    """
                    echo one >/dev/vdb && echo two >/dev/vdc && mkdir -p /etc/kresume &&
                        \(Self.stripe) && mkswap /dev/dm-0 >/dev/null
                    """, gives: "/dev/dm-0")
                try machine.expect(
                    "kresume test /dev/dm-0 2>/dev/null | grep -c 'saw /dev/vdb, /dev/vdc, and found'",
                    gives: "1")
                var restore = configuration
                for (device, offset) in [("/dev/dm-0", 256), ("/dev/dm-1", 2304)] {
                    var key: String?
                    if device == "/dev/dm-1" {
                        try machine.expect(
                            "\(Self.encrypt) && mkswap /dev/dm-1 >/dev/null", gives: device)
                        try machine.expect("kresume key create -q --no-passphrase")
                        key = try machine.run("base64 -w 0 /etc/kresume/image-key").output
                    }
                    let request = machine.send("kresume hibernate \(device)")
                    try machine.waitForPowerOff(by: request)
                    #expect(machine.console.contains("to /dev/vdb, /dev/vdc"))

                    // Half of it is none, and stays.
                    restore.disks = [work, disks[0]]
                    let half = try bench.start("half-\(offset)", restore)
                    try half.waitUntilBooted()
                    let reply = try half.run("kresume resume --offset=\(offset) /dev/vdb 2>&1")
                    #expect(reply.status == 1)
                    #expect(reply.output.contains("on 2 devices together, of which only 1 is here"))
                    try half.powerOff()

                    restore.disks = [work] + disks
                    restore.parameters = ["resume=/dev/vdb", "resume_offset=\(offset)"]
                    machine = try bench.start("back-\(offset)", restore)
                    try machine.waitUntilBooted()
                    if let key {
                        try machine.expect(
                            "mkdir -p /etc/kresume && echo \(key) | base64 -d >/etc/kresume/image-key"
                        )
                    }
                    try machine.expect("ls /dev/mapper", gives: "control")
                    let back = try machine.waitForReturn(
                        of: request, by: machine.send("kresume resume --unattended"))
                    #expect(back.status == 0, "\(back.output)")
                    try machine.expectWorkIntact()
                    // Its header is what it was.
                    try machine.expect("swapon \(device) && swapoff \(device)")
                }
                try machine.expect("head -c 4 /dev/vdb && head -c 4 /dev/vdc", gives: "one\ntwo")
                try machine.expect("dmesg | grep -E 'WARNING|BUG|Call Trace'", status: 1)
                try machine.stopWork()
                try bench.checkFileSystem(work.path)
            }
        }
    }
}
