// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// The command by which a guest hibernates. Kernel and initramfs of the saver are found in /boot.
func hibernate(to device: String = "/dev/vda") -> String { "kresume hibernate \(device)" }

/// The command by which a restore kernel brings it back.
func resume(from device: String = "/dev/vda") -> String { "kresume resume \(device)" }

/// Hibernate, off, on, resume: the guest goes on.
extension Machines {
    @Suite(.serialized) struct CircleTests {
        @Test func twiceInARow() throws {
            var configuration = Configuration()
            configuration.processorsTakeTurns = false
            try expectCircles(2, "twice", configuration, estimating: true)
        }

        /// A program that would have the kernel hibernate goes on behind that, and so does its process.
        @Test func inPlaceOfTheKernel() throws {
            let program = "/bin/sh -c 'echo disk >/sys/power/state && touch /run/after'"
            try expectCircles(
                1, "in-place", Configuration(),
                by: "swapon /dev/vda && kresume sleep -- \(program) && swapoff /dev/vda"
            ) { machine in
                try machine.expect("ls /run/after", gives: "/run/after")
                try machine.expect(
                    "kresume status | grep -c ': hibernated to /dev/vda,'", gives: "1")
            }
        }

        @Test func restoreKernelIsAnother() throws {
            var restore = Configuration()
            restore.system = .debian
            try expectCircles(1, "debian-restores", Configuration(), restore: restore)
        }

        @Test func imageLargerThanHalfOfMemory() throws {
            var configuration = Configuration()
            configuration.memory = 1024
            try expectCircles(
                1, "large-image", configuration, work: 640,
                by: "\(hibernate()) --compression=auto")
        }

        @Test func fourProcessorsNVMeAndMemoryAbove4GiB() throws {
            var configuration = Configuration()
            configuration.board = .q35
            configuration.processors = 4
            configuration.processorsTakeTurns = false
            configuration.memory = 5120
            try expectCircles(
                1, "above-4-gib", configuration, swapInterface: .nvme, swap: "/dev/nvme0n1",
                ext4: "/dev/vda")
        }

        /// Of what is cached of a disk the oldest goes, and what is in use comes back with the machine.
        @Test func oldestOfTheCacheGoes() throws {
            try Bench.use("oldest-cache") { bench in
                let fileSystem = try bench.ext4()
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.swap(size: 1024)), Disk(fileSystem),
                    Disk(try bench.disk("cached", size: 400)),
                ]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork()
                // Somebody has the disk open, or nothing would be kept of it.
                try machine.expect(
                    """
                    mount -t cgroup2 none /sys/fs/cgroup && (sleep 100000 </dev/vdc >/dev/null 2>&1 &)
                    for skip in 0 300 300 300; do
                        dd if=/dev/vdc of=/dev/null bs=1M count=100 skip=$skip 2>/dev/null
                    done
                    dd if=/dev/vdc of=/dev/null bs=1M count=150 skip=100 2>/dev/null
                    """)
                let used = try machine.run("free -m | awk '/^Mem:/ { print $2 - $4 }'").output
                let limit = try #require(Int(used)) - 150
                let (back, reply) = try bench.circle(
                    machine, by: "\(hibernate()) --drop-cache=oldest --image-size=\(limit)M",
                    restore: configuration.booting(resume()), as: "back")
                #expect(reply.status == 0, "\(reply.output)")
                #expect(reply.output.contains("MiB of page cache"), "\(reply.output)")
                // In KiB, of what had been read often, and of all that had been read once.
                let read = try ["count=100 skip=300", "count=250"].map { part in
                    let counter = "$(awk '$1 == \"pgpgin\" { print $2 }' /proc/vmstat)"
                    let output = try back.run(
                        """
                        before=\(counter); dd if=/dev/vdc of=/dev/null bs=1M \(part) 2>/dev/null
                        echo $((\(counter) - before))
                        """
                    ).output
                    return try #require(Int(output))
                }
                #expect(read[0] < 10 << 10 && read[1] > 100 << 10, "\(read)")
                try back.expectWorkIntact()
                try back.stopWork()
                try bench.checkFileSystem(fileSystem)
            }
        }

        /// The image is small, for all of the cache goes; and what programs have in use is in it again when the
        /// machine is back, of which `hibernate` has kept a list.
        @Test func whatIsInUseIsReadAgain() throws {
            try Bench.use("reread-cache") { bench in
                let fileSystem = try bench.ext4()
                let cached = try bench.ext4("cached", size: 1024)
                var configuration = Configuration()
                configuration.memory = 2048
                configuration.disks = [
                    Disk(try bench.swap(size: 2304)), Disk(fileSystem), Disk(cached),
                ]
                // In MiB. What is read again takes a fraction of its ten seconds on a busy host, too.
                let files = [("mapped", 32), ("open", 32), ("idle", 800)]
                var machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork()
                try machine.expect("mkdir /tmp/disk && mount -t ext4 /dev/vdc /tmp/disk")
                for (seed, (name, size)) in files.enumerated() {
                    try machine.expect("pattern write /tmp/disk/\(name) \(size) \(seed)")
                }
                try machine.expect(
                    """
                    (cached hold /tmp/disk/mapped >/dev/null 2>&1 &)
                    (sleep 100000 </tmp/disk/open >/dev/null 2>&1 &)
                    """)
                // In MiB: the image with all of the cache, and then without.
                var sizes: [Double] = []
                for (name, options) in [
                    ("all", "--image-size=2G"), ("little", "--drop-cache=reread --image-size=512M"),
                ] {
                    let (back, reply) = try bench.circle(
                        machine, by: "\(hibernate()) --verbose \(options)",
                        restore: configuration.booting(resume()), as: name, limit: .seconds(600))
                    #expect(reply.status == 0, "\(reply.output)")
                    machine = back
                    let status = try machine.run("kresume status | grep ': hibernated to '").output
                    let size = status.split(separator: " ").dropLast().last.flatMap { Double($0) }
                    sizes.append(try #require(size, "\(status)"))
                    for (name, size) in files where name != "idle" {
                        // It is read while nobody waits for it.
                        try machine.expect(
                            """
                            turns=500
                            until [ "$(cached /tmp/disk/\(name))" = \(size << 10) ]; do
                                turns=$((turns - 1))
                                [ "${turns}" -gt 0 ] || break
                                usleep 10000
                            done
                            cached /tmp/disk/\(name)
                            """, gives: "\(size << 10)")
                    }
                    try machine.expect(
                        "cached /tmp/disk/idle", gives: name == "all" ? "\(800 << 10)" : "0")
                }
                #expect(sizes[1] < 0.6 * sizes[0], "\(sizes)")
                for (seed, (name, size)) in files.enumerated() {
                    try machine.expect("pattern check /tmp/disk/\(name) \(size) \(seed)")
                }
                try machine.expectWorkIntact()
                // Those that are killed go when they get to it.
                try machine.expect(
                    """
                    kill $(pidof cached sleep) && \
                    until umount /tmp/disk 2>/dev/null; do usleep 10000; done
                    """)
                try machine.stopWork()
                try bench.checkFileSystem(fileSystem)
                try bench.checkFileSystem(cached)
            }
        }

        /// Every other page of 64 MiB is free: what is moved home is in as many pieces.
        @Test func longListOfMoves() throws {
            try Bench.use("long-list") { bench in
                let fileSystem = try bench.ext4()
                var configuration = Configuration()
                configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(fileSystem)]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork()
                try machine.expect("work fragment 64 4")
                let request = machine.send(hibernate())
                try machine.waitForPowerOff(by: request)

                let back = try bench.start("back", configuration)
                try back.waitUntilBooted()
                let plan = try back.run("kresume resume --dry-run 2>/dev/null | grep 'in pages'")
                    .output
                let pages = try #require(plan.split(separator: " ").last.flatMap { Int($0) })
                #expect(pages > 30, "\(plan)")
                let reply = try back.waitForReturn(of: request, by: back.send(resume()))
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()
                try expectPlainSwap(back, "/dev/vda")
                try back.stopWork()
                try bench.checkFileSystem(fileSystem)
            }
        }

        @Test func fourLevelPaging() throws {
            var configuration = Configuration()
            configuration.processorModel = Configuration.wordwise + ",-la57"
            try expectCircles(1, "4-level", configuration)
        }

        /// The kernel's own choice, so that the processor is the same and only the depth differs.
        @Test(arguments: [(["no5lvl"], []), ([], ["no5lvl"])])
        func pagingDepthsDiffer(original: [String], restore: [String]) throws {
            var first = Configuration()
            first.parameters = original
            var second = Configuration()
            second.parameters = restore
            try expectCircles(1, "paging-depths", first, restore: second)
        }

        /// With the owner's keys, a kernel that they have signed, and no lockdown.
        @Test func secureBootAndVariablesAfterwards() throws {
            var configuration = Configuration()
            configuration.board = .q35
            try expectCircles(1, "uefi-circle", configuration, secureBoot: true) { machine in
                let state = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
                try machine.expect(
                    "tail -c 1 /sys/firmware/efi/efivars/\(state) | od -An -tu1 | tr -d ' '",
                    gives: "1")
                // The kernel's own GUID for crash dumps: it lets any name of it be deleted.
                let guid = "cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0"
                let variable = "/sys/firmware/efi/efivars/Test-\(guid)"
                let commands = [
                    ("printf '\\007\\0\\0\\0value' >\(variable)", ""),
                    ("tail -c 5 \(variable)", "value"),
                    ("rm \(variable)", ""),
                    ("ls /sys/firmware/efi/efivars | grep -c Test- || :", "0"),
                ]
                for (command, output) in commands {
                    try machine.expect(command, gives: output)
                }
            }
        }
    }
}

/// Boots a guest with work in it, lets it go round the circle `count` times, and expects all that
/// it worked on to be intact each time. `restore` is `configuration` unless given; disks and
/// firmware are always the same.
private func expectCircles(
    _ count: Int, _ name: String, _ configuration: Configuration, restore: Configuration? = nil,
    work: Int = 64, swapInterface: Disk.Interface = .virtio, swap: String = "/dev/vda",
    ext4: String = "/dev/vdb", secureBoot: Bool = false, by command: String? = nil,
    estimating: Bool = false,
    afterwards: (Machine) throws -> Void = { _ in }
) throws {
    try Bench.use(name) { bench in
        let fileSystem = try bench.ext4()
        var original = configuration
        original.disks = [
            Disk(try bench.swap(size: configuration.memory + 256), interface: swapInterface),
            Disk(fileSystem),
        ]
        if secureBoot {
            original.firmware = .secureBoot(variables: try bench.secureBootVariables())
            original.kernel = try bench.signed(original.system.files().kernel)
        }
        var restore = restore ?? original
        restore.disks = original.disks
        restore.firmware = original.firmware

        var machine = try bench.start("0", original)
        try machine.waitUntilBooted(limit: .seconds(300))
        try machine.startWork(memory: work, on: ext4)
        for round in 1...count {
            let estimate = try estimating ? machine.run("kresume estimate \(swap)").output : ""
            let (back, reply) = try bench.circle(
                machine, by: command ?? hibernate(to: swap),
                restore: restore.booting(resume(from: swap)),
                as: "\(round)", limit: .seconds(600))
            #expect(reply.status == 0, "\(reply.output)")
            machine = back
            try machine.expectWorkIntact()
            try expectPlainSwap(machine, swap)
            if estimating { try expectStatus(machine, after: estimate, of: swap) }
        }
        try afterwards(machine)
        try machine.stopWork()
        try bench.checkFileSystem(fileSystem)
    }
}

/// A guest that is back knows how it went; and what was expected of that came true, to a quarter.
private func expectStatus(_ machine: Machine, after estimate: String, of device: String) throws {
    let status = try machine.run("kresume status").output
    let lines = status.split(separator: "\n").map(String.init)
    func sizes(_ line: String?) -> [Double] {
        (line ?? "").split(separator: " ").compactMap { Double($0) }
    }
    let hibernated = lines.first { $0.contains(" UTC: hibernated to \(device), ") }
    let saved = sizes(hibernated)
    let expectedMemory = sizes(estimate.split(separator: "\n").first.map(String.init))
    let expectedImage = sizes(
        estimate.split(separator: "\n").first { $0.hasPrefix("image: ") }.map(String.init))
    try #require(
        saved.count == 2 && expectedMemory.count == 3 && expectedImage.count == 2,
        "\(status)\n\(estimate)")
    let data = expectedMemory[0] - expectedMemory[1]
    #expect(abs(data / saved[0] - 1) < 0.25, "\(estimate)\n\(status)")
    #expect(abs(expectedImage[0] / saved[1] - 1) < 0.25, "\(estimate)\n\(status)")
    let kernel = "Linux " + (try machine.run("uname -r").output)
    for (start, words) in [
        ("original kernel (\(kernel)): ", ", saver kernel "),
        ("saver kernel: \(kernel)", ", data "),
        ("restore kernel (\(kernel)): ", ", pages "), ("original kernel again: ", "clean-up "),
        ("    found an image of \(kernel)", " of memory"),
    ] {
        #expect(
            lines.contains { $0.hasPrefix(start) && $0.contains(words) }, "\(start): \(status)")
    }
}

/// A guest that is back leaves a plain swap area where its image was.
private func expectPlainSwap(_ machine: Machine, _ device: String) throws {
    try machine.expect("swapon \(device) && swapoff \(device)")
    try machine.expect("kresume locate")
}
