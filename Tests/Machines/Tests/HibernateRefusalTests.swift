// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// What `hibernate` finds out before it jumps: it says why not, and nothing has changed.
extension Machines {
    @Suite(.serialized) struct HibernateRefusalTests {
        private static let refusals = [
            ("/dev/vdb", "/dev/vdb holds ext4; an image goes to a swap partition"),
            ("/dev/vdc", "/dev/vdc holds no swap; an image goes to a swap partition"),
            ("/dev/vdz", "there is no device /dev/vdz"),
            ("LABEL=none", "there is no device LABEL=none"),
            ("/init", "the swap file /init is in a file system of which kresume does not know"),
            ("--saver-kernel=/init /dev/vda", "the saver kernel's file is not a "),
            ("--saver-kernel=/none /dev/vda", "/none: open: No such file or directory"),
            ("--saver-initrd=/none /dev/vda", "/none: open: No such file or directory"),
            ("--saver-memory=16M /dev/vda", "give more with --saver-memory"),
            ("--saver-memory=4G /dev/vda", "not enough memory for the saver kernel"),
        ]

        @Test func nothingChanges() throws {
            try Bench.use("refused") { bench in
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.swap(size: 1024)), Disk(try bench.ext4()),
                    Disk(try bench.disk("empty", size: 1024)),
                ]
                let image = try ImageFile(configuration.disks[0].path)
                let before = try image.read(0, ImageFile.sections)
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                func expectRefusal(_ command: String, _ words: String) throws {
                    let reply = try machine.run(command)
                    #expect(reply.status == 1, "\(command)")
                    #expect(reply.output.contains(words), "\(command)")
                }

                try expectRefusal(
                    "kresume hibernate",
                    "there is no swap in use: name a swap partition or a swap file")
                try machine.expect("swapon-at 5 /dev/vda")
                for (arguments, words) in Self.refusals {
                    try expectRefusal("kresume hibernate \(arguments)", words)
                    try machine.expect(
                        "awk '$1 == \"/dev/vda\" { print $5 }' /proc/swaps", gives: "5")
                }
                let holder = try machine.run("secret-memory /run/secret")
                try #require(holder.status == 0, "\(holder.output)")
                try machine.expect("cat /sys/power/disk", gives: "[disabled]")
                try expectRefusal(
                    "kresume hibernate --force /dev/vda",
                    "secret memory (memfd_secret) is in use and must not be written to a disk: end "
                        + "secret-memory (\(holder.output))")
                try machine.expect(
                    "kill \(holder.output) && until [ -s /run/secret ]; do usleep 1000; done")
                try machine.expect("cat /run/secret", gives: "whole")
                try machine.expect("mount -t ext4 /dev/vdb /mnt")
                try expectRefusal(
                    "kresume hibernate --force /dev/vdb", "/dev/vdb is mounted on /mnt")
                try machine.expect(
                    "mkdir /etc && echo 'user::1000:1000::/:/bin/sh' >/etc/passwd")
                try expectRefusal("su user -c '\(hibernate())'", "this needs root")
                try machine.expect("echo 1 >/proc/sys/kernel/kexec_load_disabled")
                try expectRefusal(hibernate(), "kexec_load is turned off until the next boot")

                try machine.expect("cat /sys/kernel/kexec_loaded", gives: "0")
                try machine.expect("swapoff /dev/vda")
                #expect(try image.read(0, ImageFile.sections) == before)
            }
        }

        @Test func stockDebianKernelCannotBeJumpedBackInto() throws {
            try Bench.use("no-kexec-jump") { bench in
                var configuration = Configuration()
                configuration.system = .debian
                configuration.disks = [Disk(try bench.swap(size: 1024))]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect(
                    hibernate(),
                    gives: "kresume: this kernel cannot be jumped back into (it has no "
                        + "CONFIG_KEXEC_JUMP)",
                    status: 1)
            }
        }

        /// What is swapped out must fit into memory, where the area is to hold an image.
        @Test func swappedOut() throws {
            try Bench.use("swapped-out") { bench in
                let ext4 = try bench.ext4()
                var configuration = Configuration()
                configuration.memory = 512
                // The image holds free pages too: what was freed must not fill it.
                configuration.parameters = ["init_on_free=1"]
                configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(ext4)]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork()
                try machine.expect("swapon-at 5 /dev/vda")
                try machine.expect("mkdir /filler && mount -t tmpfs -o size=2G filler /filler")
                // Not read again, so that it goes first.
                try machine.expect(
                    """
                    dd if=/dev/urandom bs=1M count=100 2>/dev/null \
                    | tee /filler/kept | sha256sum >/run/kept
                    """)
                for (name, size) in [("a", 420), ("b", 220)] {
                    try machine.expect(
                        "dd if=/dev/zero of=/filler/\(name) bs=1M count=\(size) 2>/dev/null")
                }
                // The youngest pages are in memory, so the saver kernel has room then.
                try machine.expect("rm /filler/b")
                let reply = try machine.run("kresume hibernate")
                #expect(reply.status == 1)
                #expect(reply.output.contains("MiB is swapped out to /dev/vda, and only "))

                try machine.expect("rm /filler/a")
                try machine.expect(
                    "awk '$1 == \"/dev/vda\" && $4 > 0 { print $5 }' /proc/swaps", gives: "5")
                let (back, result) = try bench.circle(
                    machine, by: "kresume hibernate",
                    restore: configuration.booting("kresume resume"), as: "back")
                #expect(result.status == 0, "\(result.output)")
                try back.expect("awk '$1 == \"/dev/vda\" { print $5 }' /proc/swaps", gives: "5")
                try back.expect("sha256sum </filler/kept | cmp - /run/kept")
                try back.expect("fresh-pages 200", gives: "0")
                try back.expectWorkIntact()
                try back.stopWork()
                try bench.checkFileSystem(ext4)
            }
        }
    }
}
