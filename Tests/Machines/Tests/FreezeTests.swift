// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// What the kernel does before it hibernates by itself and a jump does not: drivers are told, and
/// file systems frozen.
extension Machines {
    @Suite(.serialized) struct FreezeTests {
        /// While `kresume hibernate` prepares, somebody takes the second processor away, which the
        /// kernel does not allow where its notifiers were called.
        private static let watch = """
            (until ls -l /proc/[0-9]*/fd 2>&1 | grep -q ' /dev/snapshot$'; do usleep 1000; done
            echo 0 2>/run/answer >/sys/devices/system/cpu/cpu1/online) >/run/watch 2>&1 &
            """

        /// A kernel that mounts what it had better leave alone, and then brings the machine back.
        private static let stranger = """
            mount -t ext4 -o ro /dev/vdb /mnt || exit 1
            echo "the stranger reads $(cat /mnt/file)"
            umount /mnt || exit 1
            exec kresume resume /dev/vda
            """

        @Test func journalsAreCleanWhileTheMachineIsOff() throws {
            try Bench.use("frozen") { bench in
                let ext4 = try bench.ext4()
                let other = try bench.ext4("other")
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.swap(size: 1024)), Disk(ext4), Disk(other),
                ]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect("mount -t ext4 /dev/vdb /mnt && echo before >/mnt/file")
                // One lies in a file of another, and somebody else has frozen a third.
                try machine.expect(
                    """
                    mkdir /inner /other && dd if=/dev/zero of=/mnt/inner bs=1M count=8 2>/run/dd
                    mke2fs -F /mnt/inner >/run/mke2fs && mount -o loop -t ext4 /mnt/inner /inner
                    echo before >/inner/file
                    mount -t ext4 /dev/vdc /other && fsfreeze --freeze /other
                    """)
                #expect(try bench.needsRecovery(ext4))
                try machine.expect(Self.watch)

                var restore = configuration.booting("sh /stranger")
                restore.initramfs = try bench.initramfs(
                    of: .test, adding: ["stranger": Self.stranger])
                let request = machine.send("kresume hibernate -v --freeze=always /dev/vda")
                try machine.waitForPowerOff(by: request)
                #expect(try !bench.needsRecovery(ext4))
                let back = try bench.start("back", restore)
                let reply = try back.waitForReturn(of: request)
                #expect(reply.status == 0, "\(reply.output)")
                #expect(reply.output.contains("/other is not frozen: "))
                #expect(!reply.output.contains("/mnt is not frozen"))
                #expect(!reply.output.contains("/inner is not frozen"))
                #expect(back.console.contains("the stranger reads before"))
                #expect(!back.console.contains("recovery complete"))

                // It was told, and may go on.
                try back.expect("grep -c 'busy' /run/answer", gives: "1")
                for state in [0, 1] {
                    try back.expect("echo \(state) >/sys/devices/system/cpu/cpu1/online")
                }
                // All takes writes, but for what somebody else has frozen.
                try back.expect(
                    "echo after >/mnt/file && echo after >/inner/file && sync /mnt/file")
                #expect(try bench.needsRecovery(ext4))
                try back.expect("fsfreeze --unfreeze /other && umount /other /inner /mnt")
                try back.expect("dmesg | grep -E 'WARNING|BUG|Call Trace|EXT4-fs error'", status: 1)

                try expectGoesOn(back, bench, configuration)
                for disk in [ext4, other] { try bench.checkFileSystem(disk) }
            }
        }

        /// Before 6.16 a kernel cannot stop a process that waits for a frozen file system.
        private func expectGoesOn(
            _ machine: Machine, _ bench: Bench, _ configuration: Configuration
        ) throws {
            try machine.startWork(memory: 16)
            try machine.expect("echo 1000 >/sys/power/pm_freeze_timeout")
            let (back, reply) = try bench.circle(
                machine, by: "kresume hibernate --freeze=always /dev/vda",
                restore: configuration.booting(resume()), as: "back again")
            #expect(reply.status == 0, "\(reply.output)")
            let isStuck = try back.hasKernel(before: 6, 16)
            #expect(reply.output.contains("trying again without freezing any") == isStuck)
            // The kernel says whom it could not stop, and where he stood.
            try back.expect(
                "dmesg -c | grep -c 'tasks refusing to freeze' || :", gives: isStuck ? "1" : "0")
            try back.expectWorkIntact()

            // A kresume that was killed has left it frozen.
            try back.expect("fsfreeze --freeze /mnt && mkdir -p /run/kresume")
            try back.expect(
                """
                printf 'kresume-undo 1\\nprocess 99999 1\\nboot %s\\nfrozen %s /mnt\\n' \
                "$(cat /proc/sys/kernel/random/boot_id)" "$(cat /sys/class/block/vdb/dev)" \
                >/run/kresume/undo
                """)
            let repair = try back.run("kresume locate")
            #expect(
                repair.output.contains("an earlier kresume was killed: /mnt takes writes again"))
            try back.expectWorkIntact()
            try back.stopWork()
        }
    }
}
