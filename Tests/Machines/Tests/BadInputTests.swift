// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// `resume` meets what it cannot use: it says why, and the machine boots on.
extension Machines {
    @Suite(.serialized) struct BadInputTests {
        /// In one machine, one after the other.
        @Test func damagedImage() throws {
            try SavedImage.use("damaged") { bench, _, configuration, image in
                let whole = try image.read(0, ImageFile.sections)
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                for damage in Damage.all {
                    let places = try image.recordingChanges { try damage.inflict(image) }
                    let before = try image.read(0, ImageFile.sections)
                    // What it has read of the device before.
                    try machine.expect("blockdev --flushbufs \(SavedImage.device)")
                    expectRefusal(
                        try machine.run(resume(from: SavedImage.device)), says: damage.words)
                    #expect(try image.read(0, ImageFile.sections) == before)
                    try expectNoTrace(of: machine)

                    let verdict = try machine.run("kresume verify \(SavedImage.device)")
                    #expect(verdict.status == (damage.isWhole ? 0 : 1))
                    if !damage.isWhole { expect(verdict.output, contains: damage.words) }

                    // Whatever is wrong with it, one can be rid of it.
                    try machine.expect("kresume discard -q \(SavedImage.device)")
                    try machine.expect("kresume locate")
                    let device = SavedImage.device
                    try machine.expect("swapon \(device) && swapoff \(device) && sync")
                    try image.write(whole, at: 0)
                    for (offset, bytes) in places { try image.write(bytes, at: offset) }
                }
                // What was done to it is undone: each was refused for its own damage.
                try machine.expect("blockdev --flushbufs \(SavedImage.device)")
                try machine.expect("kresume verify -q \(SavedImage.device)")
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
                // Half of that would be too little for the initramfs.
                small.parameters = ["mem=144M", "rootfstype=ramfs"]
                try expectRefusal(bench, small, says: ["not enough memory: ", "MiB needed"])
            }
        }

        @Test func forbidden() throws {
            try SavedImage.use("forbidden") { bench, _, configuration, _ in
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                let command = resume(from: SavedImage.device)
                try machine.expect(
                    "mkdir /etc && echo 'user::1000:1000::/:/bin/sh' >/etc/passwd")
                for command in [command, "kresume resume"] {
                    expectRefusal(
                        try machine.run("su user -c '\(command)'"), says: ["this needs root"])
                }
                let obstacles = [
                    ("mount -t ext4 /dev/vdc /mnt", "file systems are mounted (/mnt)"),
                    ("echo integrity >/sys/kernel/security/lockdown", "the kernel is locked down"),
                    ("echo 1 >/proc/sys/kernel/kexec_load_disabled", "kernel.kexec_load_disabled"),
                ]
                for (obstacle, words) in obstacles {
                    try machine.expect(obstacle)
                    expectRefusal(try machine.run(command), says: [words])
                }
            }
        }

        /// Nothing to resume is no error, and in a boot nothing to speak of; somebody who asks is answered.
        @Test func noImage() throws {
            try Bench.use("no-image") { bench in
                var configuration = Configuration()
                configuration.disks = [
                    Disk(try bench.swap(size: 16)), Disk(try bench.ext4()),
                    Disk(try bench.disk("empty", size: 1)),
                ]
                let boot = "kresume resume --unattended"
                let machine = try bench.start("machine", configuration.booting(boot))
                #expect(try machine.waitForBootCommand() == Reply(status: 0, output: ""))
                try machine.waitUntilBooted()
                for name in ["vda", "vdc"] {
                    try machine.expect("\(boot) /dev/\(name)")
                    try machine.expect("\(boot) --offset=9999999 /dev/\(name)")
                }
                try machine.expect("dmesg | grep kresume:", status: 1)
                // A file system was meant to have a swap file there.
                let missing =
                    "kresume: /dev/vdb holds a file system (ext4), and nothing says at which page an "
                    + "image in it would begin; no swap file was found on it"
                let wrong =
                    "kresume: page 9999999 of /dev/vdb (--offset=9999999) is no swap; no swap file was "
                    + "found on it"
                try machine.expect("\(boot) /dev/vdb", gives: missing)
                try machine.expect("\(boot) --offset=9999999 /dev/vdb", gives: wrong)
                for name in ["vda", "vdb", "vdc"] {
                    let words = "kresume: no hibernation image on /dev/\(name)"
                    func answer(_ more: String) -> String {
                        name == "vdb" ? "\(words)\n\(more)" : words
                    }
                    try machine.expect(resume(from: "/dev/\(name)"), gives: answer(missing))
                    try machine.expect(
                        resume(from: "--offset=9999999 /dev/\(name)"), gives: answer(wrong))
                }
                try machine.expect(
                    "kresume resume",
                    gives: "kresume: there is no hibernation image on any disk here")
                expectRefusal(
                    try machine.run(resume(from: "/dev/vdz")),
                    says: ["there is no device /dev/vdz"])
            }
        }
    }
}

/// Boots a machine that runs `command`, and expects it to refuse and the boot to go on.
private func expectRefusal(
    _ bench: Bench, _ configuration: Configuration,
    by command: String = resume(from: SavedImage.device), says words: [String]
) throws {
    let machine = try bench.start("refusing", configuration.booting(command))
    expectRefusal(try machine.waitForBootCommand(), says: words)
    try machine.waitUntilBooted()
    try expectNoTrace(of: machine)
}

/// After an attempt that was refused.
private func expectNoTrace(of machine: Machine) throws {
    try machine.expect("cat /sys/kernel/kexec_loaded", gives: "0")
    try machine.expect("cat /proc/sys/vm/compact_unevictable_allowed", gives: "1")
}

private func expectRefusal(_ reply: Reply, says words: [String]) {
    #expect(reply.status == 1)
    expect(reply.output, contains: words)
}

private func expect(_ output: String, contains words: [String]) {
    for word in words { #expect(output.contains(word)) }
}
