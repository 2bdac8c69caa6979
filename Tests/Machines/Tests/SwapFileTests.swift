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
            /// Makes `swap` in the current directory.
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
                allocate: "dd if=/dev/zero of=swap bs=1M count=200 2>/dev/null",
                assemble: """
                    map-device files LVM-files 0 \(volumeHalf) linear "/dev/vdb \(8192 + volumeHalf)" \
                        \(volumeHalf) \(volumeHalf) linear "/dev/vdb 8192" >/dev/null
                    """),
            // Space that is not written yet.
            FileSystem(
                type: "xfs", device: "vdc", make: ["mkfs.xfs", "-qf"], check: ["xfs_repair", "-n"],
                allocate: "fallocate -l 209715200 swap"),
            FileSystem(
                type: "btrfs", device: "vdd", make: ["mkfs.btrfs", "-qf"],
                check: ["btrfs", "check"],
                allocate: "fallocate -l 209715200 swap", options: "nodatacow"),
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

        /// Two logical volumes in LUKS, which is in the second disk behind 16 MiB: a file system in two
        /// pieces, /dev/dm-1, and one for swap.
        private static let unlock = """
            map-device inner CRYPT-LUKS2-0123-inner 0 2220032 crypt \
                "aes-xts-plain64 $(printf %064d 7) 0 /dev/vdb 32768" &&
            map-device files LVM-files 0 512000 linear "/dev/dm-0 1200000" \
                512000 512000 linear "/dev/dm-0 2048" &&
            map-device swap LVM-swap 0 614400 linear "/dev/dm-0 520000"
            """

        /// Encrypted images lie beneath: no kernel but the original one unlocks LUKS. One that has unlocked it
        /// finds the image by the volume's name, too.
        @Test func beneathLUKS() throws {
            try Bench.use("beneath-luks") { bench in
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.ext4("work")), Disk(try bench.disk("luks", size: 1100)),
                ]
                let machine = try bench.start("0", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(on: "/dev/vda")
                try machine.expect(
                    Self.unlock, gives: "/dev/dm-0\n/dev/dm-1\n/dev/dm-2")
                try machine.expect("mkdir -p /etc/kresume && kresume key create -q --no-passphrase")
                let key = try machine.run("base64 -w 0 /etc/kresume/image-key").output
                try machine.expect(
                    """
                    mke2fs -b 4096 /dev/dm-1 >/dev/null && mkdir /files &&
                        mount -t ext2 /dev/dm-1 /files && mkdir /files/pieces &&
                        pattern write-pieces /files/pieces 20 1024 &&
                        dd if=/dev/zero of=/files/swap bs=1M count=400 2>/dev/null &&
                        mkswap /files/swap >/dev/null && swapon-at 7 /files/swap
                    """)
                let refused = try machine.run("kresume hibernate --no-encrypt")
                #expect(refused.status == 1)
                #expect(refused.output.contains("is encrypted (inner), and the image would not be"))

                let (first, offset) = try hibernate(
                    machine, saying: "hibernating to /files/swap, encrypted")
                var restore = configuration
                restore.parameters = ["resume=/dev/vdb", "resume_offset=\(offset)"]
                let back = try bench.start("file", restore)
                try back.waitUntilBooted()
                try give(key, to: back)
                let reply = try back.waitForReturn(
                    of: first, by: back.send("kresume resume --unattended"))
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()
                try back.expect("awk '/swap/ { print $1, $5 }' /proc/swaps", gives: "/files/swap 7")

                try back.expect("swapoff /files/swap && mkswap /dev/dm-2 >/dev/null")
                let second = back.send("kresume hibernate /dev/dm-2")
                try back.waitForPowerOff(by: second)
                let last = try bench.start("volume", configuration)
                try last.waitUntilBooted()
                try last.expect(Self.unlock, gives: "/dev/dm-0\n/dev/dm-1\n/dev/dm-2")
                try give(key, to: last)
                let answer = try last.waitForReturn(
                    of: second, by: last.send("kresume resume --unattended /dev/dm-2"))
                #expect(answer.status == 0, "\(answer.output)")
                try last.expectWorkIntact()
                // Its header is what it was.
                try last.expect("swapon /dev/dm-2 && swapoff /dev/dm-2")
                try last.expect(
                    """
                    echo 3 >/proc/sys/vm/drop_caches
                    pattern check-pieces /files/pieces 20 1024 && umount /files
                    """)
                try last.stopWork()
                try bench.checkFileSystem(configuration.disks[0].path)
            }
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

        /// There and back with a new swap file. All the others are off.
        private func circle(
            _ machine: Machine, _ fileSystem: FileSystem, _ bench: Bench,
            _ configuration: Configuration
        ) throws -> Machine {
            let point = "/\(fileSystem.type)"
            let device = "/dev/\(fileSystem.device)"
            let mount = "mount -t \(fileSystem.type) -o \(fileSystem.options) \(device) \(point)"
            // What is free is between what is not. It is mounted anew because XFS has what is new in its log
            // only.
            try machine.expect(
                """
                \(fileSystem.assemble) && mkdir \(point) && \(mount) &&
                    (cd \(point) && mkdir pieces && pattern write-pieces pieces 60 4096 && sync &&
                    find pieces -name '*[13579]' -exec rm {} + && sync &&
                    \(fileSystem.allocate) && chmod 600 swap && mkswap swap >/dev/null) &&
                    umount \(point) && \(mount) && swapon-at 7 \(point)/swap
                """)
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
            let inspection = try back.run("kresume inspect --offset=\(offset) \(device)").output
            let pieces = inspection.number(behind: "area_pieces")
            #expect(pieces ?? 0 > 1, "\(inspection)")
            let reply = try back.waitForReturn(
                of: request, by: back.send("kresume resume --unattended"))
            #expect(reply.status == 0, "\(reply.output)")
            try back.expectWorkIntact()
            try back.expect(
                "awk '$1 == \"\(point)/swap\" { print $2, $5 }' /proc/swaps", gives: "file 7")
            try back.expect("kresume locate --offset=\(offset) \(device) | wc -l", gives: "0")
            try back.expect("swapoff \(point)/swap")
            return back
        }
    }
}
