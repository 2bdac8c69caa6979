// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// The newest stock kernel of Debian's archive, as far as it can be without being built: it saves, it restores,
/// and it is restored. `make matrix` has it in each part.
extension Machines {
    @Suite(.serialized) struct NewestKernelTests {
        @Test func savesAndRestores() throws {
            guard try System.newestDebian.isThere() else { return }
            try Bench.use("newest-circle") { bench in
                let ext4 = try bench.ext4()
                var configuration = Configuration()
                configuration.memory = 512
                configuration.disks = [Disk(try bench.swap(size: 768)), Disk(ext4)]
                configuration.initramfs = try System.test.initramfs(
                    "newest-saver", with: ["newest": .newestDebian])
                let machine = try bench.start("original", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16)

                var restore = configuration.booting(resume())
                restore.system = .newestDebian
                restore.initramfs = nil
                let (back, reply) = try bench.circle(
                    machine,
                    by: """
                        \(hibernate()) --verbose --saver-kernel=/boot/kernel-newest \
                        --saver-initrd=/boot/initramfs-newest
                        """,
                    restore: restore, as: "back")
                #expect(reply.status == 0, "\(reply.output)")
                #expect(machine.console.contains("of free memory"))
                try back.expectWorkIntact()
                try back.expect("swapon /dev/vda && swapoff /dev/vda")
                try back.stopWork()
                try bench.checkFileSystem(ext4)
            }
        }

        @Test func isRestored() throws {
            guard try System.newestDebian.isThere() else { return }
            try Bench.use("newest-stock") { bench in
                let ext4 = try bench.ext4()
                var configuration = Configuration()
                configuration.system = .newestDebian
                configuration.memory = 512
                configuration.disks = [Disk(try bench.swap(size: 768)), Disk(ext4)]
                let machine = try bench.start("original", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16)
                let (back, reply) = try bench.circle(
                    machine, by: stockHibernation(), restore: configuration.booting(resume()),
                    as: "back")
                #expect(reply.status == 0, "\(reply.output)")
                #expect(back.console.contains("kresume: going back"))
                try back.expectWorkIntact()
                try back.stopWork()
                try bench.checkFileSystem(ext4)
            }
        }
    }
}
