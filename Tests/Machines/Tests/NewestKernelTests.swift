// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// The newest stock kernel of Debian's archive, as far as it can be without being built: it saves, it restores,
/// and it is restored. `make matrix` has it in each part.
extension Machines {
    @Suite(.serialized) struct NewestKernelTests {
        private static let hibernateByNewest = """
            \(hibernate()) --verbose --saver-kernel=/boot/kernel-newest --saver-initrd=/boot/initramfs-newest
            """

        @Test func savesAndRestores() throws {
            try useNewest("newest-circle") { bench, configuration in
                let machine = try start(bench, by: configuration)
                try machine.startWork(memory: 16)
                var restore = configuration.booting(resume())
                restore.system = .newestDebian
                restore.initramfs = nil
                let (back, reply) = try bench.circle(
                    machine, by: Self.hibernateByNewest, restore: restore, as: "back")
                #expect(reply.status == 0, "\(reply.output)")
                #expect(machine.console.contains("of free memory"))
                try expectAllIntact(back, bench, configuration)
            }
        }

        @Test func isRestored() throws {
            try useNewest("newest-stock") { bench, configuration in
                var configuration = configuration
                configuration.system = .newestDebian
                configuration.initramfs = nil
                let machine = try start(bench, by: configuration)
                try machine.startWork(memory: 16)
                let (back, reply) = try bench.circle(
                    machine, by: stockHibernation(), restore: configuration.booting(resume()),
                    as: "back")
                #expect(reply.status == 0, "\(reply.output)")
                #expect(back.console.contains("kresume: going back"))
                try back.expect("swapoff /dev/vda")
                try expectAllIntact(back, bench, configuration)
            }
        }

        /// A panic on another CPU than the first cannot lead back. Its kernel leaves handlers for faults
        /// that would halt the machine for ever.
        @Test func panicOnAnotherProcessorResetsTheMachine() throws {
            try useNewest("newest-panic") { bench, configuration in
                let machine = try start(bench, by: configuration)
                let request = machine.send(
                    Self.hibernateByNewest + " --saver-append=saver.failure=panic-elsewhere")
                let error = #expect(throws: MachineError.self) {
                    try machine.waitForPowerOff(by: request, limit: .seconds(120))
                }
                guard case .gone(_, _, reason: "guest-reset", _)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }

        /// A machine of Linux 6.12 that has the newest kernel below /boot. Nothing is done where there is no
        /// newer one.
        private func useNewest(
            _ name: String, _ body: (Bench, Configuration) throws -> Void
        ) throws {
            guard try System.newestDebian.isThere() else { return }
            try Bench.use(name) { bench in
                var configuration = Configuration()
                configuration.memory = 512
                configuration.disks = [Disk(try bench.swap(size: 768)), Disk(try bench.ext4())]
                configuration.initramfs = try System.test.initramfs(
                    "newest-saver", with: ["newest": .newestDebian])
                try body(bench, configuration)
            }
        }

        private func start(_ bench: Bench, by configuration: Configuration) throws -> Machine {
            let machine = try bench.start("original", configuration)
            try machine.waitUntilBooted()
            return machine
        }

        private func expectAllIntact(
            _ machine: Machine, _ bench: Bench, _ configuration: Configuration
        ) throws {
            try machine.expectWorkIntact()
            try machine.expect("swapon /dev/vda && swapoff /dev/vda")
            try machine.stopWork()
            try bench.checkFileSystem(configuration.disks[1].path)
        }
    }
}
