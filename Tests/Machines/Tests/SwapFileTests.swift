// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// Images in swap files, which lie in many pieces of their file systems; the ext4 is on a logical volume, which only
/// the original kernel and the restore kernel put together.
extension Machines {
    @Suite(.serialized) struct SwapFileTests {
        private struct FileSystem {
            var type: String
            var device: String
            var make: [String]
            var check: [String]
            /// Makes `swap` in the current directory, of `$size` MiB.
            var allocate: String
            var options = "rw"
            /// Makes the device.
            var assemble = "true"
        }

        /// In MiB, of the volume; it is in two halves, of which the second one comes first, behind 4 MiB.
        private static let volumeSize = 480
        private static let volumeHalf = volumeSize << 10

        private static let fileSystems = [
            FileSystem(
                type: "ext4", device: "dm-0", make: ["mkfs.ext4", "-qF", "-b", "4096"],
                check: ["e2fsck", "-fn"],
                allocate: "dd if=/dev/zero of=swap bs=1M count=$size 2>/dev/null",
                assemble: """
                    map-device files LVM-files 0 \(volumeHalf) linear "/dev/vdb \(8192 + volumeHalf)" \
                        \(volumeHalf) \(volumeHalf) linear "/dev/vdb 8192" >/dev/null
                    """),
            // Space that is not written yet.
            FileSystem(
                type: "xfs", device: "vdc", make: ["mkfs.xfs", "-qf"], check: ["xfs_repair", "-n"],
                allocate: "fallocate -l $((size << 20)) swap"),
            FileSystem(
                type: "btrfs", device: "vdd", make: ["mkfs.btrfs", "-qf"],
                check: ["btrfs", "check"],
                allocate: "fallocate -l $((size << 20)) swap", options: "nodatacow"),
        ]

        @Test func circles() throws {
            try Bench.use("swap-files") { bench in
                var configuration = Configuration()
                configuration.disks = [Disk(try bench.ext4("work"))]
                for fileSystem in Self.fileSystems {
                    let path = try bench.disk(fileSystem.type, size: 480)
                    try Host.run(fileSystem.make + [path])
                    configuration.disks.append(Disk(path))
                }
                let fileSystem = configuration.disks[1].path
                let volume = try bench.disk("volume", size: Self.volumeSize + 4)
                try copyHalves(from: fileSystem, to: volume, skip: 0, seek: 4)
                configuration.disks[1] = Disk(volume)
                var machine = try bench.start("0", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(on: "/dev/vda")
                for fileSystem in Self.fileSystems {
                    machine = try circle(machine, fileSystem, bench, configuration)
                }
                for type in Self.fileSystems.map(\.type) {
                    try machine.expect(
                        """
                        echo 3 >/proc/sys/vm/drop_caches
                        pattern check-pieces /\(type)/pieces 60 4096 && umount /\(type)
                        """)
                }
                try machine.stopWork()
                try copyHalves(from: volume, to: fileSystem, skip: 4, seek: 0)
                configuration.disks[1] = Disk(fileSystem)
                for (fileSystem, disk) in zip(Self.fileSystems, configuration.disks.dropFirst()) {
                    try Host.run(fileSystem.check + [disk.path])
                }
                try bench.checkFileSystem(configuration.disks[0].path)
            }
        }

        /// Between the file system in order, and in halves.
        private func copyHalves(from: String, to: String, skip: Int, seek: Int) throws {
            let half = Self.volumeSize / 2
            for (skip, seek) in [(skip, seek + half), (skip + half, seek)] {
                try Host.run([
                    "dd", "if=\(from)", "of=\(to)", "bs=1M", "count=\(half)", "skip=\(skip)",
                    "seek=\(seek)", "conv=notrunc", "status=none",
                ])
            }
        }

        /// Two logical volumes in LUKS2: a file system in two pieces, /dev/dm-1, and one for swap.
        private static let volumes = """
            map-device files LVM-files 0 320000 linear "/dev/dm-0 900000" \
                320000 320000 linear "/dev/dm-0 2048" &&
            map-device swap LVM-swap 0 500000 linear "/dev/dm-0 330000"
            """
        private static let luks = LUKS(disk: "/dev/vdb", name: "inner")
        /// Where these programs are in the guest. Their libraries, which are looked for in /lib, are beside them.
        private static let programs =
            "mkdir /programs && mount -o ro /dev/vdc /programs && ln -s /programs /lib && ln -s lib /lib64 && "
            + path
        private static let path = "PATH=/programs:$PATH"

        /// Encrypted images lie beneath: no kernel but the original one unlocks LUKS. One that has unlocked it
        /// finds the image by the volume's name, too.
        @Test func beneathLUKS() throws {
            try Bench.use("beneath-luks") { bench in
                var configuration = Configuration()
                let names = Set(Self.fileSystems.flatMap { [$0.make[0], $0.check[0]] })
                configuration.disks = [
                    Disk(try bench.ext4("work")), Disk(try bench.disk("luks", size: 620)),
                    Disk(try bench.programs(names.sorted() + ["cryptsetup"])),
                ]
                var machine = try bench.start("0", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16, on: "/dev/vda")
                try machine.expect(
                    "\(Self.programs) && \(Self.luks.create) && \(Self.luks.open)")
                try machine.expect(
                    "\(Self.volumes) && mkswap /dev/dm-2 >/dev/null", gives: "/dev/dm-1\n/dev/dm-2")
                let refused = try machine.run("kresume hibernate --no-encrypt /dev/dm-2")
                #expect(refused.status == 1)
                #expect(refused.output.contains("is encrypted (inner), and the image would not be"))
                try machine.expect("mkdir -p /etc/kresume && kresume key create -q --no-passphrase")
                let key = try machine.run("base64 -w 0 /etc/kresume/image-key").output
                for fileSystem in Self.fileSystems {
                    machine = try circleBeneathLUKS(machine, fileSystem, key, bench, configuration)
                }

                let request = machine.send("kresume hibernate /dev/dm-2")
                try machine.waitForPowerOff(by: request)
                let last = try bench.start("volume", configuration)
                try last.waitUntilBooted()
                try last.expect("\(Self.programs) && \(Self.luks.open) && umount /programs")
                try last.expect(Self.volumes, gives: "/dev/dm-1\n/dev/dm-2")
                try give(key, to: last)
                let reply = try last.waitForReturn(
                    of: request, by: last.send("kresume resume --unattended /dev/dm-2"))
                #expect(reply.status == 0, "\(reply.output)")
                try last.expectWorkIntact()
                // Its header is what it was.
                try last.expect("swapon /dev/dm-2 && swapoff /dev/dm-2")
                try last.stopWork()
                try bench.checkFileSystem(configuration.disks[0].path)
            }
        }

        /// There and back with a swap file in the volume, of which no other kernel knows.
        private func circleBeneathLUKS(
            _ machine: Machine, _ fileSystem: FileSystem, _ key: String, _ bench: Bench,
            _ configuration: Configuration
        ) throws -> Machine {
            let point = "/\(fileSystem.type)"
            let device = "/dev/dm-1"
            try machine.expect(
                "\(Self.path); \(fileSystem.make.joined(separator: " ")) \(device) >/dev/null 2>&1")
            // More than half of the volume: both of its pieces have some.
            try makeSwapFile(machine, fileSystem, on: device, size: 150, pieces: 16)
            let (request, offset) = try hibernate(
                machine, saying: "hibernating to \(point)/swap, encrypted")
            var restore = configuration
            restore.parameters = ["resume=\(Self.luks.disk)", "resume_offset=\(offset)"]
            let back = try bench.start(fileSystem.type, restore)
            try back.waitUntilBooted()
            try give(key, to: back)
            try back.expect("ls /dev/mapper", gives: "control")
            try expectReturn(of: request, on: back, from: Self.luks.disk, offset, to: point)
            try back.expect(
                """
                swapoff \(point)/swap && echo 3 >/proc/sys/vm/drop_caches
                pattern check-pieces \(point)/pieces 16 4096 && umount \(point)
                """)
            let check = try back.run(
                "\(Self.path); \(fileSystem.check.joined(separator: " ")) \(device)")
            #expect(check.status == 0, "\(check.output)")
            return back
        }

        /// From an image in several pieces. Afterwards the swap file is in use as before.
        private func expectReturn(
            of request: Request, on machine: Machine, from device: String, _ offset: Int,
            to point: String
        ) throws {
            let inspection = try machine.run("kresume inspect --offset=\(offset) \(device)").output
            let pieces = inspection.number(behind: "area_pieces")
            #expect(pieces ?? 0 > 1, "\(inspection)")
            let reply = try machine.waitForReturn(
                of: request, by: machine.send("kresume resume --unattended"))
            #expect(reply.status == 0, "\(reply.output)")
            try machine.expectWorkIntact()
            try machine.expect(
                "awk '$1 == \"\(point)/swap\" { print $2, $5 }' /proc/swaps", gives: "file 7")
        }

        /// To the swap in use.
        ///
        /// - Returns: also where the image begins, as the user is told it.
        private func hibernate(
            _ machine: Machine, saying words: String
        ) throws -> (Request, offset: Int) {
            let start = machine.console.count
            let request = machine.send("kresume hibernate")
            try machine.waitForPowerOff(by: request)
            let said = machine.console.dropFirst(start)
            #expect(said.contains(words), "\(said)")
            let offset = said.number(behind: "kresume resume --offset=")
            return (request, try #require(offset, "\(said)"))
        }

        private func give(_ key: String, to machine: Machine) throws {
            try machine.expect(
                "mkdir -p /etc/kresume && echo \(key) | base64 -d >/etc/kresume/image-key")
        }

        /// In many pieces, and in use: what is free is between what is not.
        ///
        /// - Parameter size: in MiB; `pieces` are 4 MiB each, and half of them is left.
        private func makeSwapFile(
            _ machine: Machine, _ fileSystem: FileSystem, on device: String, size: Int, pieces: Int
        ) throws {
            let point = "/\(fileSystem.type)"
            let mount = "mount -t \(fileSystem.type) -o \(fileSystem.options) \(device) \(point)"
            // It is mounted anew because XFS has what is new in its log only.
            try machine.expect(
                """
                mkdir \(point) && \(mount) &&
                    (cd \(point) && mkdir pieces && pattern write-pieces pieces \(pieces) 4096 && sync &&
                    find pieces -name '*[13579]' -exec rm {} + && sync &&
                    size=\(size) && \(fileSystem.allocate) && chmod 600 swap && mkswap swap >/dev/null) &&
                    umount \(point) && \(mount) && swapon-at 7 \(point)/swap
                """)
        }

        /// There and back with a new swap file. All the others are off.
        private func circle(
            _ machine: Machine, _ fileSystem: FileSystem, _ bench: Bench,
            _ configuration: Configuration
        ) throws -> Machine {
            let point = "/\(fileSystem.type)"
            let device = "/dev/\(fileSystem.device)"
            try machine.expect(fileSystem.assemble)
            try makeSwapFile(machine, fileSystem, on: device, size: 200, pieces: 60)
            let (request, offset) = try hibernate(machine, saying: "hibernating to \(point)/swap")
            var restore = configuration
            restore.parameters = ["resume=\(device)", "resume_offset=\(offset)"]
            let back = try bench.start(fileSystem.type, restore)
            try back.waitUntilBooted()
            try back.expect(fileSystem.assemble)
            // Found by the file system, in which nothing is mounted.
            try back.expect(
                "kresume locate \(device) | cut -d ':' -f 1 | sed 's|/dev/vdb .*|beneath|'",
                gives: fileSystem.device == "dm-0"
                    ? "beneath"
                    : "\(device) at byte \(offset * 4096) (swap file /swap, resume_offset=\(offset))"
            )
            try expectReturn(of: request, on: back, from: device, offset, to: point)
            try back.expect("kresume locate --offset=\(offset) \(device) | wc -l", gives: "0")
            try back.expect("swapoff \(point)/swap")
            return back
        }
    }
}
