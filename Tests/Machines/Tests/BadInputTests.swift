// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// `resume` meets what it cannot use: it says why, and the machine boots on.
extension Machines {
    @Suite(.serialized) struct BadInputTests {
        @Test(arguments: Damage.all)
        func damagedImage(damage: Damage) throws {
            try SavedImage.use("damaged") { bench, _, configuration, image in
                try damage.inflict(image)
                let before = try image.read(0, ImageFile.sections)
                let machine = try expectRefusal(bench, configuration, says: damage.words)
                #expect(try image.read(0, ImageFile.sections) == before)

                let verdict = try machine.run("kresume verify \(SavedImage.device)")
                #expect(verdict.status == (damage.isWhole ? 0 : 1))
                if !damage.isWhole { expect(verdict.output, contains: damage.words) }

                // Whatever is wrong with it, one can be rid of it.
                try machine.expect("kresume discard -q \(SavedImage.device)")
                try machine.expect("kresume locate")
                try machine.expect("swapon \(SavedImage.device)")
            }
        }

        @Test func truncatedDevice() throws {
            try SavedImage.use("truncated") { bench, _, configuration, _ in
                var configuration = configuration
                configuration.disks[1].path = try bench.area(of: configuration, size: 8)
                try expectRefusal(
                    bench, configuration, by: resume(from: "/dev/vdb"),
                    says: ["the device has 8388608 there: is it truncated?"])
            }
        }

        @Test func otherMemoryMap() throws {
            try SavedImage.use("other-memory") { bench, _, configuration, _ in
                var other = configuration
                other.memory += 128
                try expectRefusal(
                    bench, other,
                    says: [
                        "the firmware's memory map is not the one of the hibernated machine",
                        "only in the image: 0x100000-0x2ff", "only here: 0x100000-0x37f",
                    ])
            }
        }

        @Test func otherPCIDevice() throws {
            try SavedImage.use("other-pci") { bench, _, configuration, _ in
                var other = configuration
                other.devices = ["virtio-balloon-pci"]
                try expectRefusal(
                    bench, other,
                    says: [
                        "the hardware has changed since the hibernation: pci",
                        "only here: 0000:00:06.0 1af4:1002",
                    ])
            }
        }

        @Test func notEnoughMemory() throws {
            try SavedImage.use("no-memory") { bench, _, configuration, _ in
                var small = configuration
                small.parameters = ["mem=128M"]
                try expectRefusal(bench, small, says: ["not enough memory: ", "MiB needed"])
            }
        }

        @Test func twoImages() throws {
            try SavedImage.use("two") { bench, _, configuration, _ in
                var configuration = configuration
                configuration.disks[1].path = try bench.area(of: configuration, size: 1022)
                try expectRefusal(
                    bench, configuration, by: "kresume resume",
                    says: [
                        "there are several images, and none was chosen",
                        "/dev/vda1: kresume image, ready", "/dev/vdb: kresume image, ready",
                    ])
            }
        }

        @Test(arguments: [
            ("echo 1 >/proc/sys/kernel/kexec_load_disabled", "kernel.kexec_load_disabled"),
            ("echo integrity >/sys/kernel/security/lockdown", "the kernel is locked down"),
            ("mount -t ext4 /dev/vdc /mnt", "file systems are mounted (/mnt)"),
        ])
        func forbidden(by command: String, word: String) throws {
            try SavedImage.use("forbidden") { bench, _, configuration, _ in
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect(command)
                expectRefusal(
                    try machine.run(resume(from: SavedImage.device)), says: [word])
            }
        }

        @Test func notRoot() throws {
            try SavedImage.use("not-root") { bench, _, configuration, _ in
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect(
                    "mkdir /etc && echo 'user::1000:1000::/:/bin/sh' >/etc/passwd")
                for command in [resume(from: SavedImage.device), "kresume resume"] {
                    expectRefusal(
                        try machine.run("su user -c '\(command)'"), says: ["this needs root"])
                }
            }
        }

        /// Nothing to resume is no error, and nothing to speak of.
        @Test func noImage() throws {
            try Bench.use("no-image") { bench in
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.swap(size: 16)), Disk(try bench.ext4()),
                    Disk(try bench.disk("empty", size: 1)),
                ]
                let machine = try bench.start("machine", configuration.booting("kresume resume"))
                #expect(try machine.waitForBootCommand() == Reply(status: 0, output: ""))
                try machine.waitUntilBooted()
                for name in ["vda", "vdb", "vdc"] {
                    try machine.expect(resume(from: "/dev/\(name)"))
                    try machine.expect(resume(from: "--offset=9999999 /dev/\(name)"))
                }
                try machine.expect("dmesg | grep kresume:", status: 1)
                expectRefusal(
                    try machine.run(resume(from: "/dev/vdz")),
                    says: ["there is no device /dev/vdz"])
            }
        }
    }
}

/// Boots a machine that runs `command`, and expects it to refuse and the boot to go on. Gives the
/// machine.
@discardableResult
private func expectRefusal(
    _ bench: Bench, _ configuration: Configuration,
    by command: String = resume(from: SavedImage.device), says words: [String]
) throws -> Machine {
    let machine = try bench.start("refusing", configuration.booting(command))
    expectRefusal(try machine.waitForBootCommand(), says: words)
    try machine.waitUntilBooted()
    // No trace of the attempt.
    try machine.expect("cat /sys/kernel/kexec_loaded", gives: "0")
    try machine.expect("cat /proc/sys/vm/compact_unevictable_allowed", gives: "1")
    return machine
}

private func expectRefusal(_ reply: Reply, says words: [String]) {
    #expect(reply.status == 1)
    expect(reply.output, contains: words)
}

private func expect(_ output: String, contains words: [String]) {
    for word in words { #expect(output.contains(word)) }
}
