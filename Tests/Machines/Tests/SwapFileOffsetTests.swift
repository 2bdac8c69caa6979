// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// The kernel's own hibernation into swap files, where the next boot is told another place, or none.
extension Machines {
    @Suite(.serialized) struct SwapFileOffsetTests {
        private struct FileSystem {
            var type: String
            var device: String
            var make: [String]
            var check: [String]
            /// Makes `swap` in the current directory.
            var allocate: String
            var options = "rw"
            /// What the boot says that takes the image.
            var commandLine: String
        }

        private static let fileSystems = [
            FileSystem(
                type: "ext4", device: "vdb", make: ["mkfs.ext4", "-qF", "-b", "4096"],
                check: ["e2fsck", "-fn"],
                allocate: "dd if=/dev/zero of=swap bs=1M count=160 2>/dev/null",
                commandLine: "resume=/dev/vdb resume_offset=77"),
            FileSystem(
                type: "xfs", device: "vdc", make: ["mkfs.xfs", "-qf"], check: ["xfs_repair", "-n"],
                allocate: "fallocate -l 167772160 swap",
                commandLine: "resume=/dev/vdc resume_offset="),
            FileSystem(
                type: "btrfs", device: "vdd", make: ["mkfs.btrfs", "-qf"],
                check: ["btrfs", "check"], allocate: "fallocate -l 167772160 swap",
                options: "nodatacow", commandLine: "resume=/dev/vdd"),
        ]

        @Test func namedAndTakenIfAllowed() throws {
            try Bench.use("swap-file-offsets") { bench in
                var configuration = Configuration()
                configuration.memory = 256
                configuration.disks = [Disk(try bench.ext4("work"))]
                // For `check`, and wrong: page 0 of a file system.
                configuration.parameters = ["resume=/dev/vdb"]
                for fileSystem in Self.fileSystems {
                    let path = try bench.disk(fileSystem.type, size: 320)
                    try Host.run(fileSystem.make + [path])
                    configuration.disks.append(Disk(path))
                }
                var machine = try bench.start("0", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16, on: "/dev/vda")
                for fileSystem in Self.fileSystems {
                    machine = try circle(machine, fileSystem, bench, configuration)
                }
                try machine.stopWork()
                for (fileSystem, disk) in zip(Self.fileSystems, configuration.disks.dropFirst()) {
                    try Host.run(fileSystem.check + [disk.path])
                }
                try bench.checkFileSystem(configuration.disks[0].path)
            }
        }

        private func circle(
            _ machine: Machine, _ fileSystem: FileSystem, _ bench: Bench,
            _ configuration: Configuration
        ) throws -> Machine {
            let point = "/\(fileSystem.type)"
            let device = "/dev/\(fileSystem.device)"
            // XFS leaves what is new in its log, also after sync; in another directory than the root.
            try machine.expect(
                """
                mkdir \(point) && mount -t \(fileSystem.type) -o \(fileSystem.options) \(device) \(point) &&
                    mkdir \(point)/swap && (cd \(point)/swap && \(fileSystem.allocate) && chmod 600 swap &&
                    mkswap swap >/dev/null) && umount \(point) &&
                    mount -t \(fileSystem.type) -o \(fileSystem.options) \(device) \(point) &&
                    swapon \(point)/swap/swap
                """)
            // As the running kernel tells it.
            let checkup = try machine.run("kresume check --no-encrypt").output
            let offset = try #require(
                checkup.number(behind: "in use: \(point)/swap/swap, page "), "\(checkup)")
            let request = machine.send(
                """
                cat /sys/class/block/\(fileSystem.device)/dev >/sys/power/resume
                echo \(offset) >/sys/power/resume_offset
                echo shutdown >/sys/power/disk && echo disk >/sys/power/state
                """)
            try machine.waitForPowerOff(by: request)

            var restore = configuration
            restore.parameters = ["resume=\(device)", "resume_offset=77"]
            let back = try bench.start(fileSystem.type, restore)
            try back.waitUntilBooted()
            for (commandLine, words) in [
                (
                    "resume=\(device) resume_offset=77",
                    "page 77 of \(device) (resume_offset=77) is no swap"
                ),
                ("resume=\(device) resume_offset=", "resume_offset= is not a number of pages"),
                ("resume=\(device) resume_offset=\(offset)k", "is not a number of pages"),
                (
                    "resume=\(device)",
                    "\(device) holds a file system (\(fileSystem.type)), and nothing"
                ),
            ] {
                let reply = try boot(back, commandLine)
                #expect(reply.status == 1)
                #expect(reply.output.hasPrefix("kresume: ") && reply.output.contains(words))
                #expect(
                    reply.output.contains(
                        "; an image is in /swap/swap (resume_offset=\(offset) leads there; kresume resume "
                            + "--offset=\(offset) \(device) takes it now); find-offset"),
                    "\(reply.output)")
            }
            let located = try back.run("kresume locate").output
            #expect(
                located.hasPrefix(
                    "\(device) at byte \(offset * 4096) (swap file /swap/swap, resume_offset=\(offset)): "
                        + "image of the kernel's own hibernation, LZO, "), "\(located)")
            let planned = try boot(
                back, "resume=\(device) resume_offset=\(offset)", "kresume resume --dry-run")
            #expect(planned.status == 0, "\(planned.output)")

            try back.expect("mkdir -p /etc && echo 'find-offset = yes' >/etc/kresume.conf")
            let reply = try back.waitForReturn(
                of: request,
                by: back.send(
                    Self.binding(fileSystem.commandLine) + "kresume resume --unattended"))
            #expect(reply.status == 0, "\(reply.output)")
            #expect(
                back.console.contains(
                    "taken is the image in /swap/swap: write resume_offset=\(offset)"))
            try back.expectWorkIntact()
            try back.expect("swapoff \(point)/swap/swap && umount \(point)")

            // The same boot without an image: the place is told, and it takes no time.
            let started = ContinuousClock.now
            let without = try boot(back, fileSystem.commandLine + " kresume.wait=0")
            print("\(fileSystem.type): \(ContinuousClock.now - started) for \(without.output)")
            #expect(without.output.contains("resume_offset=\(offset) leads to /swap/swap"))
            return back
        }

        private static func binding(_ commandLine: String) -> String {
            "echo '\(commandLine)' >/tmp/line && mount --bind /tmp/line /proc/cmdline && "
        }

        /// As if this were its command line.
        private func boot(
            _ machine: Machine, _ commandLine: String,
            _ command: String = "kresume resume --unattended"
        ) throws -> Reply {
            try machine.run(
                Self.binding(commandLine) + "{ \(command); s=$?; umount /proc/cmdline; (exit $s); }"
            )
        }
    }
}
