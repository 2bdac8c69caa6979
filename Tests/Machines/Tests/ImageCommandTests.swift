// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// The commands that look at an image or drop it, and a resume that only plans.
extension Machines {
    @Suite(.serialized) struct ImageCommandTests {
        /// Some of what `inspect --json` prints.
        private struct Inspection: Decodable {
            var device, kind, state, kernelRelease, hostName, machine: String
            var offset, version, created, imageSize, dataPages, zeroPages, chunks: UInt64
            var storedDataSize, areaSize: UInt64
            var memoryMapMatches: String
            var memoryMap, invariants: [String]
        }

        @Test func lookPlanAndDiscard() throws {
            try SavedImage.use("image-commands") { bench, saved, configuration, image in
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                let before = try image.read(0, ImageFile.sections)

                try expectLocated(machine, image)
                try machine.expect(
                    "kresume | sed 's/ready, .*/ready/'",
                    gives: """
                        \(SavedImage.device): kresume image, ready
                            kresume resume \(SavedImage.device)
                            kresume verify \(SavedImage.device)
                            kresume discard \(SavedImage.device)
                        kresume --help tells what kresume can do
                        """)
                try expectInspected(machine, saved, image)
                let verdict = try machine.run("kresume verify \(SavedImage.device)")
                #expect(verdict.status == 0)
                #expect(verdict.output.contains("the image on \(SavedImage.device) is whole"))
                for name in saved.names { try expectPlanned(machine, image, naming: name) }
                #expect(try image.read(0, ImageFile.sections) == before)

                try machine.expect(
                    "kresume discard \(SavedImage.device)",
                    gives: "kresume: discarded the image on \(SavedImage.device)")
                #expect(try image.read(4086, 10) == Array("SWAPSPACE2".utf8))
                try machine.expect("kresume locate")
                try machine.expect("swapon \(SavedImage.device)")
            }
        }

        @Test func nothingToLookAt() throws {
            try Bench.use("no-image-commands") { bench in
                var configuration = Configuration()
                configuration.disks = [Disk(try bench.swap(size: 16))]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                let sentence = "kresume: no hibernation image there"
                try machine.expect("kresume locate")
                try expectAdvice(machine)
                try expectNamesOfMounts(machine)
                try machine.expect("kresume inspect /dev/vda", gives: sentence, status: 1)
                try machine.expect("kresume verify /dev/vda", gives: sentence, status: 1)
                try machine.expect("kresume discard /dev/vda", gives: sentence)
            }
        }

        /// In a shell where nothing is mounted yet.
        private func expectNamesOfMounts(_ machine: Machine) throws {
            try machine.expect("mkdir -p /tmp/bare/proc /tmp/bare/sys && cp /bin/kresume /tmp/bare")
            for (path, command) in [
                ("proc", "mount -t proc proc /proc"), ("sys", "mount -t sysfs sys /sys"),
                ("dev", "mount -t devtmpfs dev /dev"),
            ] {
                for words in ["", " resume", " inspect /dev/vda"] {
                    try machine.expect(
                        "chroot /tmp/bare /kresume\(words)",
                        gives: "kresume: /\(path) is not mounted: \(command)", status: 1)
                }
                try machine.expect(
                    path == "dev" ? ":" : "mount --bind /\(path) /tmp/bare/\(path)")
            }
            try machine.expect("umount /tmp/bare/proc /tmp/bare/sys")
        }

        /// To somebody who finds nothing, and to somebody who may not look.
        private func expectAdvice(_ machine: Machine) throws {
            let help = "kresume --help tells what kresume can do"
            try machine.expect("kresume", gives: "no hibernation image on 1 device\n\(help)")
            try machine.expect(
                """
                mkdir -p /etc && echo nobody:x:65534:65534::/:/bin/sh >/etc/passwd &&
                    echo nogroup:x:65534: >/etc/group
                """)
            try machine.expect(
                "start-stop-daemon -S -q -c nobody -x /bin/kresume",
                gives: "kresume: the devices cannot be read: this needs root\n\(help)", status: 1)
            let inOtherDevices = "unshare -m sh -c 'mount -t tmpfs none"
            try machine.expect(
                "\(inOtherDevices) /sys/class && mkdir /sys/class/block && kresume'",
                gives: "kresume: there is no block device here: are their drivers loaded?\n\(help)",
                status: 1)
            try machine.expect(
                "\(inOtherDevices) /dev && : >/dev/null && kresume'",
                gives: """
                    kresume: the kernel has /dev/vda, but there is no such node in /dev: mount \
                    devtmpfs there
                    \(help)
                    """, status: 1)

            // Of other images.
            func sign(_ signature: String, at page: Int = 0) throws {
                try machine.expect(
                    """
                    printf '\(signature)' \
                        | dd of=/dev/vda bs=1 seek=$((\(page) * 4096 + 4086)) conv=notrunc 2>/dev/null
                    """)
            }
            try sign("ULSUSPEND\\0")
            try machine.expect("kresume", gives: "/dev/vda: uswsusp image\n\(help)")
            try sign("SWAPSPACE2")
            try sign("LINHIB0001", at: 16)
            try machine.expect(
                "echo resume=/dev/vda resume_offset=16 >/tmp/line && mount --bind /tmp/line /proc/cmdline"
            )
            try machine.expect(
                "kresume",
                gives: """
                    /dev/vda at byte 65536: unusable image: the image is damaged: there is no header \
                    at byte 4096
                        kresume discard --offset=16 /dev/vda
                    \(help)
                    """)
            try machine.expect("umount /proc/cmdline")
        }

        private func expectLocated(_ machine: Machine, _ image: ImageFile) throws {
            let size = (try image.integer(ImageFile.header + 96, as: UInt64.self) + 0xfffff) >> 20
            for command in ["kresume locate", "kresume locate LABEL=\(Partition.label)"] {
                let line = try machine.run(command)
                #expect(line.status == 0)
                #expect(line.output.hasPrefix("\(SavedImage.device): kresume image, ready, "))
                #expect(line.output.hasSuffix(" old, \(size) MiB"))
            }
        }

        private func expectInspected(
            _ machine: Machine, _ saved: SavedImage, _ image: ImageFile
        ) throws {
            let reply = try machine.run("kresume inspect --json \(SavedImage.device)")
            #expect(reply.status == 0)
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let found = try decoder.decode(Inspection.self, from: Data(reply.output.utf8))
            func header(_ offset: Int) throws -> UInt64 {
                try image.integer(ImageFile.header + offset)
            }
            #expect(found.device == SavedImage.device)
            #expect(found.kind == "kresume")
            #expect(found.version == 1)
            #expect(found.offset == 0)
            #expect(found.state == "ready")
            #expect(found.kernelRelease == saved.release)
            #expect(found.machine == "x86_64")
            #expect(try found.hostName == machine.run("hostname").output)
            #expect(try found.created == header(48))
            #expect(try found.dataPages == header(72))
            #expect(try found.zeroPages == header(80))
            #expect(try found.chunks == header(88))
            #expect(try found.imageSize == header(96))
            #expect(found.areaSize == 1022 << 20)
            #expect(try found.storedDataSize == image.storedDataSize())
            // The random data is not to be packed, the rest is.
            #expect(64 << 20..<found.dataPages * 4096 ~= found.storedDataSize)
            #expect(found.memoryMapMatches == "yes")
            let firmwareEntries = try machine.run("ls /sys/firmware/memmap | wc -l").output
            #expect(String(found.memoryMap.count) == firmwareEntries)
            #expect(found.invariants.contains { $0.hasPrefix("pci 0000:00:05.0 1af4:1001 ") })

            let text = try machine.run("kresume inspect \(SavedImage.device)").output
            let words = Set(text.split(separator: "\n").map { $0.split(separator: " ") })
            #expect(words.contains(["state", "ready"]))
            #expect(words.contains(["kernel_release", Substring(saved.release)]))
            #expect(words.contains(["data_pages", Substring("\(found.dataPages)")]))
        }

        /// Up to the jump all is as in a real resume.
        private func expectPlanned(
            _ machine: Machine, _ image: ImageFile, naming name: String
        ) throws {
            let reply = try machine.run("kresume resume --dry-run \(name)")
            #expect(reply.status == 0, "\(reply.output)")
            let found = "found an image of Linux "
            #expect(reply.output.contains(found), "\(name)")
            var rows: [String: String] = [:]
            for line in reply.output.split(separator: "\n") where !line.hasPrefix("kresume:") {
                let parts = line.components(separatedBy: "  ").filter { !$0.isEmpty }
                rows[parts[0]] = parts.last?.trimmingCharacters(in: .whitespaces)
            }
            func number(_ row: String) -> UInt64? { rows[row].flatMap { UInt64($0) } }
            let dataPages: UInt64 = try image.integer(ImageFile.header + 72)
            let zeroPages: UInt64 = try image.integer(ImageFile.header + 80)
            #expect(number("pages with data") == dataPages)
            #expect(try #require(number("in place")) + #require(number("staged")) == dataPages)
            #expect(number("zero pages") == zeroPages)
            #expect(
                try #require(number("zero already")) + #require(number("to be filled"))
                    == zeroPages)
            #expect(rows["hand-off"] != nil)
            #expect(rows["memory needed"]?.hasSuffix(" MiB") == true)
        }
    }
}

extension SavedImage {
    /// All the ways to name the image; the empty one lets it be found.
    fileprivate var names: [String] {
        [
            "", Self.device, "UUID=\(partition.uuid)", "LABEL=\(Partition.label)",
            "PARTUUID=\(partition.partitionUUID)", "PARTLABEL=\(Partition.partitionLabel)",
            "--offset=\(Partition.offset / 4096) /dev/vda",
        ]
    }
}
