// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// `resume` meets what it cannot use: it says why, and the machine boots on.
extension Machines {
    @Suite struct BadInputTests {
        /// What is done to an image, and words that the refusal must have.
        struct Damage: CustomTestStringConvertible, Sendable {
            var testDescription: String
            var words: [String]
            var inflict: @Sendable (ImageFile) throws -> Void

            init(
                _ name: String, says words: String...,
                inflict: @escaping @Sendable (ImageFile) throws -> Void
            ) {
                testDescription = name
                self.words = words
                self.inflict = inflict
            }
        }

        static let damages = [
            Damage("magic", says: "magic") { try $0.flip(ImageFile.header) },
            Damage("version", says: "version", "2") {
                try $0.write(2 as UInt32, at: ImageFile.header + 8)
                try $0.signHeader()
            },
            Damage("unknown incompatible feature", says: "feature", "0x4000") {
                try $0.write(0x4000 as UInt64, at: ImageFile.header + 16)
                try $0.signHeader()
            },
            Damage("header checksum", says: "header", "checksum") {
                try $0.flip(ImageFile.header + 48)
            },
            Damage("section checksum", says: "section", "checksum") {
                try $0.flip($0.offset(of: .runs) + 8)
            },
            Damage("chunk checksum", says: "chunk", "checksum") {
                // The first byte of the first chunk.
                try $0.flip(Int($0.integer($0.offset(of: .chunks), as: UInt64.self)))
            },
            Damage("run outside memory", says: "RAM") {
                try $0.write(1 << 30 as UInt64, at: $0.offset(of: .runs))
                try $0.sign(.runs)
            },
            Damage("overlapping runs", says: "overlap") {
                let runs = try $0.offset(of: .runs)
                try $0.write($0.integer(runs, as: UInt64.self), at: runs + 16)
                try $0.sign(.runs)
            },
            Damage("used already", says: "--retry") {
                try $0.write(3 as UInt32, at: ImageFile.state + 24)
                try $0.signState()
            },
        ]

        @Test(arguments: damages)
        func damagedImage(damage: Damage) throws {
            try withImage("damaged") { bench, path, configuration in
                try damage.inflict(ImageFile(path))
                try expectRefusal(bench, configuration, says: damage.words)
            }
        }

        @Test func truncatedDevice() throws {
            try withImage("truncated") { bench, path, configuration in
                try Host.run(["truncate", "-s", "8M", path])
                try expectRefusal(bench, configuration, says: ["/dev/vda"])
            }
        }

        @Test func otherMemoryMap() throws {
            try withImage("other-memory") { bench, _, configuration in
                var other = configuration
                other.memory += 128
                try expectRefusal(
                    bench, other, says: ["memory map", "0x2ffd", "0x37fd"])
            }
        }

        @Test func otherPCIDevice() throws {
            try withImage("other-pci") { bench, _, configuration in
                var other = configuration
                other.devices = ["virtio-balloon-pci"]
                try expectRefusal(bench, other, says: ["1af4:1002"])
            }
        }

        @Test func notEnoughMemory() throws {
            try withImage("no-memory") { bench, _, configuration in
                var small = configuration
                small.parameters = ["mem=128M"]
                try expectRefusal(bench, small, says: ["memory"])
            }
        }

        @Test func twoImages() throws {
            try withImage("two") { bench, path, configuration in
                try Host.run(["cp", "--sparse=always", path, configuration.disks[1].path])
                try expectRefusal(
                    bench, configuration, by: "kresume resume", says: ["/dev/vda", "/dev/vdb"])
            }
        }

        @Test func kexecForbidden() throws {
            try withImage("forbidden") { bench, _, configuration in
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect("echo 1 >/proc/sys/kernel/kexec_load_disabled")
                try expectRefusal(machine.run(resume()), says: ["kexec_load_disabled"])
            }
        }

        @Test func notRoot() throws {
            try withImage("not-root") { bench, _, configuration in
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect(
                    "mkdir /etc && echo 'user::1000:1000::/:/bin/sh' >/etc/passwd")
                try expectRefusal(machine.run("su user -c '\(resume())'"), says: ["root"])
            }
        }

        @Test(arguments: [resume(), "kresume resume"])
        func noImageIsNoError(command: String) throws {
            try Bench.use("no-image") { bench in
                var configuration = Configuration()
                configuration.disks = [Disk(try bench.swap(size: 16))]
                let machine = try bench.start("machine", configuration.booting(command))
                #expect(try machine.waitForBootCommand() == Reply(status: 0, output: ""))
                try machine.waitUntilBooted()
            }
        }
    }
}

private func expectRefusal(
    _ bench: Bench, _ configuration: Configuration, by command: String = resume(),
    says words: [String]
) throws {
    let machine = try bench.start("refusing", configuration.booting(command))
    try expectRefusal(machine.waitForBootCommand(), says: words)
    try machine.waitUntilBooted()
}

private func expectRefusal(_ reply: Reply, says words: [String]) {
    #expect(reply.status == 1)
    for word in words {
        #expect(reply.output.localizedCaseInsensitiveContains(word))
    }
}

/// Gives a copy of an image, in the first disk of the machine that it is of. The image is saved
/// once; the second disk is empty.
private func withImage(
    _ name: String, _ body: (Bench, _ path: String, Configuration) throws -> Void
) throws {
    let original = try savedImage.get()
    try Bench.use(name) { bench in
        var configuration = original
        let path = try bench.disk("image", size: 1)
        try Host.run(["cp", "--sparse=always", original.disks[0].path, path])
        configuration.disks = [Disk(path), Disk(try bench.disk("second", size: 1024))]
        try body(bench, path, configuration)
    }
}

private let savedImage = Result<Configuration, any Error> {
    try Bench.use("image") { bench in
        var configuration = Configuration()
        let path = try bench.swap(size: 1024)
        configuration.disks = [Disk(path), Disk(try bench.disk("second", size: 1024))]
        let machine = try bench.start("machine", configuration)
        try machine.waitUntilBooted()
        let request = machine.send(hibernate())
        try machine.waitForPowerOff(by: request)
        configuration.disks[0].path = try bench.keep(path)
        return configuration
    }
}
