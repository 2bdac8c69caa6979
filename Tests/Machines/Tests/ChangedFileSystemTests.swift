// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// What other systems do to the file systems of a machine that is off, and what of that is noticed.
extension Machines {
    @Suite(.serialized) struct ChangedFileSystemTests {
        /// Each by its mount point: what it is mounted as, where, and with what it is made and checked.
        private struct FileSystem {
            var point: String
            var type: String
            /// Of `/dev/vd`.
            var letters: String
            var size: Int
            var make: [String]
            var check: [String]
        }

        private static let fileSystems = [
            FileSystem(
                point: "ext4", type: "ext4", letters: "c", size: 64, make: ["mkfs.ext4", "-qF"],
                check: ["e2fsck", "-fn"]),
            FileSystem(
                point: "plain", type: "ext4", letters: "d", size: 64,
                make: ["mkfs.ext4", "-qF", "-O", "^has_journal"], check: ["e2fsck", "-fn"]),
            FileSystem(
                point: "xfs", type: "xfs", letters: "e", size: 320, make: ["mkfs.xfs", "-qf"],
                check: ["xfs_repair", "-n"]),
            FileSystem(
                point: "btrfs", type: "btrfs", letters: "f", size: 128,
                make: ["mkfs.btrfs", "-q", "-f"], check: ["btrfs", "check"]),
            FileSystem(
                point: "pair", type: "btrfs", letters: "gh", size: 128,
                make: ["mkfs.btrfs", "-q", "-f"], check: []),
            FileSystem(
                point: "f2fs", type: "f2fs", letters: "i", size: 64,
                make: ["mkfs.f2fs", "-q", "-f"],
                check: []),
            FileSystem(
                point: "vfat", type: "vfat", letters: "j", size: 64,
                make: ["mkfs.vfat", "-F", "32"], check: ["fsck.vfat", "-n"]),
            FileSystem(
                point: "exfat", type: "exfat", letters: "k", size: 64, make: ["mkfs.exfat"],
                check: ["fsck.exfat", "-n"]),
            FileSystem(
                point: "boot/efi", type: "vfat", letters: "l", size: 64,
                make: ["mkfs.vfat", "-F", "32"], check: ["fsck.vfat", "-n"]),
        ]

        /// Where the members of an array are, and the work that shows that all goes on.
        private static let members = "mn"
        private static let arrayPoint = "array"
        private static let array = "/sys/block/md0/md"

        /// `kresume inspect --json`.
        private struct Inspection: Decodable {
            var fileSystems, fileSystemsChanged: [String]
        }

        /// A row: what is done, and what is then said of what is mounted where; of the others nothing.
        private static let inAnotherBoot:
            [(name: String, command: String, said: [String: String])] =
                [
                    (
                        "written",
                        "/files mount && /files write && /files unmount",
                        [
                            "ext4": "was mounted 1 times, now 2; last on ",
                            "plain": "was mounted 1 times, now 2; last on ",
                            "xfs": "had its log at ", "btrfs": "had generation ",
                            "pair": "had generation ", "f2fs": "had checkpoint ",
                            "vfat": "has other clusters in use",
                            "exfat": "has other clusters in use",
                            "boot/efi": "has other clusters in use",
                            "array": "was mounted 1 times, now 2; last on ", "md": "events, now ",
                        ]
                    ),
                    (
                        "mounted",
                        "/files mount && /files unmount",
                        [
                            "ext4": "was mounted 1 times, now 2; last on ",
                            "plain": "was mounted 1 times, now 2; last on ",
                            "xfs": "had its log at ", "f2fs": "had checkpoint ",
                            // Nothing was written to a btrfs, FAT or exFAT.
                            "array": "was mounted 1 times, now 2; last on ", "md": "events, now ",
                        ]
                    ),
                    (
                        "read",
                        "/files mount ro && /files unmount",
                        [
                            "ext4": "had its journal at ", "xfs": "had its log at ",
                            "md": "events, now ",
                        ]
                    ),
                ]

        /// The guest's side of it.
        private static let files: String = {
            let mounts = fileSystems.map {
                "each \($0.type) vd\($0.letters.prefix(1)) \($0.point)"
            }.joined(separator: "\n")
            return """
                #!/bin/sh
                # files mount [OPTION] | write | unmount
                what=$1 option=${2:-rw}
                each() {
                    case ${what} in
                    mount)
                        mkdir -p "/$3"
                        options=${option}
                        [ "$3" != pair ] || options=${option},device=/dev/vdg,device=/dev/vdh
                        mount -t "$1" -o "${options}" "/dev/$2" "/$3" || exit 1
                        ;;
                    write) head -c 100000 /dev/urandom >"/$3/$(date +%s%N)" || exit 1 ;;
                    unmount) umount "/$3" || exit 1 ;;
                    esac
                }
                if [ "${what}" = mount ]; then
                    \(MirroredArray.assemble(members.map { "vd\($0)" }))
                fi
                \(mounts)
                each ext4 md0 \(arrayPoint)
                """
        }()

        @Test func matrix() throws {
            try Bench.use("changed-file-systems") { bench in
                var disks = [Disk(try bench.swap(size: 1024)), Disk(try bench.ext4("work"))]
                for fileSystem in Self.fileSystems {
                    let paths = try fileSystem.letters.map {
                        try bench.disk("vd\($0)", size: fileSystem.size)
                    }
                    try Host.run(fileSystem.make + paths)
                    disks += paths.map { Disk($0) }
                }
                disks += try Self.members.map { letter in
                    Disk(try bench.disk("vd\(letter)", size: 32))
                }
                let array = disks.suffix(2).map(\.path)
                for path in array {
                    let uuid = "33333333-3333-3333-3333-333333333333"
                    try Host.run([
                        "mkfs.ext4", "-qF", "-U", uuid, "-E",
                        "offset=\(MirroredArray.dataOffset),hash_seed=\(uuid)", path,
                        "\((32 << 10) - MirroredArray.dataOffset >> 10)k",
                    ])
                }
                // Both hold the same.
                try Host.run([
                    "dd", "if=\(array[0])", "of=\(array[1])", "bs=1M", "conv=notrunc",
                    "status=none",
                ])
                try MirroredArray.make(array, size: 32)
                var configuration = Configuration()
                configuration.disks = disks
                configuration.initramfs = try bench.initramfs(
                    of: .test, adding: ["files": Self.files])

                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect("sh /files mount && sh /files write")
                try machine.startWork(memory: 16, on: "/dev/vdb")
                // What is frozen has nothing to replay: it can be read and checked without a change.
                let isFrozen = try !machine.hasKernel(before: 6, 16)
                // Reads for half a minute, on the processor that goes off: a request that it waits for would
                // keep it on.
                try machine.expect(
                    """
                    cd \(Self.array) && echo 1000 >sync_speed_max && echo check >sync_action
                    until thread=$(pidof md0_resync) && taskset -p 2 $thread >/dev/null; do usleep 10000; done
                    """)
                let delay = try machine.run("cat \(Self.array)/safe_mode_delay").output
                let request = machine.send("kresume hibernate /dev/vda")
                try machine.waitForPowerOff(by: request)

                for (name, command, said) in Self.inAnotherBoot {
                    // Nor has an array whose file system has nothing to replay.
                    let unseen = isFrozen && name == "read" ? ["ext4", "md"] : []
                    try expectVerdict(
                        after: command.replacing("/files", with: "sh /files"),
                        said.filter { !unseen.contains($0.key) }, name, bench, configuration)
                }
                try expectVerdictOfTools(unseen: isFrozen ? "f2fs" : "", bench, configuration)

                let back = try bench.start("back", configuration.booting(resume()))
                let reply = try back.waitForReturn(of: request)
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()
                try back.expect(
                    """
                    cd \(Self.array) && cat safe_mode_delay && cat sync_action &&
                        echo 100000 >sync_speed_max
                    until [ "$(cat sync_action)" = idle ]; do usleep 10000; done
                    cat mismatch_cnt
                    """, gives: "\(delay)\ncheck\n0")
                try back.expect("sh /files write && sh /files unmount")
                try back.expect("dmesg | grep -E 'WARNING|BUG|Call Trace|-fs error'", status: 1)
                try back.stopWork()
                for fileSystem in Self.fileSystems where !fileSystem.check.isEmpty {
                    let paths = fileSystem.letters.map { letter in
                        disks.map(\.path).first { $0.hasSuffix("/vd\(letter)") } ?? ""
                    }
                    try Host.run(fileSystem.check + paths)
                }
            }
        }

        /// A machine whose saver kernel does not see what it has mounted, and which hibernates in both ways:
        /// what its pages tell.
        @Test func superblocksInMemory() throws {
            try Bench.use("superblocks") { bench in
                let mounted = Self.fileSystems.filter {
                    ["ext4", "plain", "xfs", "btrfs"].contains($0.point)
                }
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.swap(size: 1024)), Disk(try bench.ext4("work")),
                ]
                for fileSystem in mounted {
                    let path = try bench.disk("in-\(fileSystem.point)", size: fileSystem.size)
                    try Host.run(fileSystem.make + [path])
                    // Behind its first MiB, which no kernel looks at without a mapping.
                    let disk = try bench.disk(fileSystem.point, size: fileSystem.size + 1)
                    try Host.run([
                        "dd", "if=\(path)", "of=\(disk)", "bs=1M", "seek=1", "conv=sparse,notrunc",
                        "status=none",
                    ])
                    configuration.disks.append(Disk(disk))
                }
                let map = zip("cdef", mounted).map { letter, fileSystem in
                    "map-device \(fileSystem.point) LINEAR-\(fileSystem.point) 0 "
                        + "\(fileSystem.size << 11) linear '/dev/vd\(letter) 2048'"
                }.joined(separator: " && ")
                let mount = zip(0..., mounted).map { number, fileSystem in
                    "mkdir -p /\(fileSystem.point) && "
                        + "mount -t \(fileSystem.type) /dev/dm-\(number) /\(fileSystem.point)"
                }.joined(separator: " && ")
                let write = "for i in ext4 plain xfs btrfs; do date >>/$i/x || exit 1; done"
                let unmount = "umount /ext4 /plain /xfs /btrfs"

                var machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect("(\(map) && \(mount) && \(write)) >/dev/null")
                try machine.startWork(memory: 16, on: "/dev/vdb")
                for command in [stockHibernation(), "kresume hibernate /dev/vda"] {
                    let request = machine.send(command)
                    try machine.waitForPowerOff(by: request)

                    let other = try bench.start(
                        "other", try copy(configuration, as: "other", bench))
                    try other.waitUntilBooted()
                    try other.expect("(\(map)) >/dev/null")
                    // A circle of our own has a list, and says at once what a mount of ext4 has changed.
                    let isStock = command != "kresume hibernate /dev/vda"
                    try other.expect(
                        isStock
                            ? "\(mount) && \(write) && \(unmount)"
                            : """
                            mkdir /xfs /btrfs && mount -t xfs /dev/dm-2 /xfs &&
                                mount -t btrfs /dev/dm-3 /btrfs && date >/xfs/y && date >/btrfs/y &&
                                umount /xfs /btrfs
                            """)
                    let refusal = try other.run("kresume resume /dev/vda", limit: .seconds(120))
                    #expect(refusal.status == 1)
                    let ext4 = "(ext4) was mounted 1 times, now 2; last on "
                    for (words, isSaid) in [
                        ("/dev/dm-0 \(ext4)", isStock), ("/dev/dm-1 \(ext4)", isStock),
                        ("/dev/dm-2 (xfs) had its superblock written at ", true),
                        ("/dev/dm-3 (btrfs) had generation ", true), ("/dev/vdb", false),
                    ] {
                        #expect(refusal.output.contains(words) == isSaid, "\(refusal.output)")
                    }
                    try other.powerOff()

                    machine = try bench.start("back", configuration)
                    try machine.waitUntilBooted()
                    try machine.expect("(\(map)) >/dev/null")
                    let reply = try machine.waitForReturn(
                        of: request, by: machine.send("kresume resume /dev/vda"))
                    #expect(reply.status == 0, "\(reply.output)")
                    try machine.expectWorkIntact()
                    try machine.expect(write)
                }
                try machine.expect(unmount)
                try machine.stopWork()
                try bench.checkFileSystem(configuration.disks[1].path)
                for (fileSystem, disk) in zip(mounted, configuration.disks.dropFirst(2)) {
                    let path = bench.scratch("out")
                    try Host.run([
                        "dd", "if=\(disk.path)", "of=\(path)", "bs=1M", "skip=1", "conv=sparse",
                        "status=none",
                    ])
                    try Host.run(fileSystem.check + [path])
                }
            }
        }

        /// A copy of everything but the image.
        private func copy(
            _ configuration: Configuration, as name: String, _ bench: Bench
        ) throws -> Configuration {
            var copy = configuration
            for index in copy.disks.indices.dropFirst() {
                let disk = copy.disks[index]
                copy.disks[index].path = try bench.copy(
                    disk, as: "\(URL(filePath: disk.path).lastPathComponent)-\(name)")
            }
            return copy
        }

        /// In a boot that does nothing, nothing is said; then it does something.
        private func expectVerdict(
            after command: String, _ said: [String: String], _ name: String, _ bench: Bench,
            _ configuration: Configuration
        ) throws {
            let copy = try copy(configuration, as: name, bench)
            let machine = try bench.start(name, copy)
            try machine.waitUntilBooted()
            let untouched = try inspect(machine)
            #expect(untouched.fileSystemsChanged == [], "\(name)")
            // And all but the array, which nobody had assembled, were seen.
            let unseen = untouched.fileSystems.filter { $0.contains("not seen by the saver") }
            #expect(unseen.map { $0.hasPrefix("/dev/md0 (ext4 on /array)") } == [true], "\(unseen)")
            #expect(untouched.fileSystems.count == 14, "\(untouched.fileSystems)")

            try machine.expect(command)
            let changes = try inspect(machine).fileSystemsChanged
            expect(changes, said, name)

            let refusal = try machine.run("kresume resume /dev/vda")
            #expect(refusal.status == 1)
            #expect(refusal.output.contains("kresume resume --ignore-changed /dev/vda"))
            // The array runs, and counts on.
            for change in changes where !change.contains(" (md) ") {
                #expect(refusal.output.contains(change), "\(name): \(refusal.output)")
            }
            let sentence = refusal.output.split(separator: "\n").first {
                $0.contains("--ignore-changed")
            }
            #expect(sentence?.contains("/boot/efi") == false && sentence?.contains("(md)") == false)
            try machine.powerOff()
            for disk in copy.disks.dropFirst() {
                try FileManager.default.removeItem(atPath: disk.path)
            }
        }

        private func inspect(_ machine: Machine) throws -> Inspection {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let output = try machine.run("kresume inspect --json /dev/vda").output
            return try decoder.decode(Inspection.self, from: Data(output.utf8))
        }

        private func expect(_ changes: [String], _ said: [String: String], _ row: String) {
            let points = Self.fileSystems.map(\.point) + [Self.arrayPoint, "md"]
            for point in points {
                let about = changes.filter {
                    $0.contains(point == "md" ? " (md) " : " on /\(point)) ")
                }
                if let words = said[point] {
                    #expect(
                        !about.isEmpty && about.allSatisfy { $0.contains(words) },
                        "\(row), \(point): \(about)")
                } else {
                    #expect(about == [], "\(row), \(point)")
                }
            }
        }

        /// fsck and its like, on this host.
        private func expectVerdictOfTools(
            unseen: String, _ bench: Bench, _ configuration: Configuration
        ) throws {
            let copy = try copy(configuration, as: "checked", bench)
            let path = { (letter: String) in
                copy.disks.map(\.path).first { $0.hasSuffix("/vd\(letter)-checked") } ?? ""
            }
            for command in [
                ["e2fsck", "-fy", path("c")], ["e2fsck", "-fy", path("d")],
                ["xfs_repair", "-L", path("e")], ["btrfs", "check", path("f")],
                ["fsck.f2fs", "-f", path("i")], ["fsck.vfat", "-a", path("j")],
                ["fsck.exfat", "-y", path("k")],
            ] {
                let reply = try Host.reply(to: command)
                // 1: something was put right.
                #expect(reply.status <= 1, "\(command): \(reply.output)")
            }
            let machine = try bench.start("checked", copy)
            try machine.waitUntilBooted()
            expect(
                try inspect(machine).fileSystemsChanged,
                [
                    "ext4": "was checked, on ", "plain": "was checked, on ",
                    "xfs": "had its log at ", "f2fs": "has another superblock",
                ].filter { $0.key != unseen }, "checked")
            try machine.powerOff()
        }
    }
}
