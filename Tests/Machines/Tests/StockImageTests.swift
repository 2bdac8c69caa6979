// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// An image of the kernel's own hibernation that cannot be used: `resume` says why, and the image
/// stays for another try. Offsets: docs/swsusp-format.md.
extension Machines {
    @Suite(.serialized) struct StockImageTests {
        private static let page = 4096

        /// What is done to a copy of the image, and a word of what is said then.
        private static let damages: [(String, @Sendable (ImageFile) throws -> Void)] = [
            ("flags", { try $0.flip(page - 24) }),
            ("is wanted", { try $0.write(UInt64(1) << 40, at: 4064) }),
            (
                "twice",
                { file in
                    // The map page's link to the next one leads back to itself.
                    let map = Int(try file.integer(4064, as: UInt64.self))
                    try file.write(UInt64(map), at: map * page + 511 * 8)
                }
            ),
            (
                "twice",
                { file in
                    let map = Int(try file.integer(4064, as: UInt64.self))
                    let first: UInt64 = try file.integer(map * page)
                    try file.write(first, at: map * page + 8)
                }
            ),
            ("64-bit x86", { try $0.flip(infoPage(of: $0) + 24) }),
            ("memory map", { try $0.flip(infoPage(of: $0) + 32) }),
            ("damaged", { try $0.write(UInt64.max, at: infoPage(of: $0) + 416) }),
            ("damaged", { try $0.write(UInt64.max, at: infoPage(of: $0) + page) }),
            ("damaged", { try $0.flip(infoPage(of: $0) + 40 * page) }),
            ("damaged", { try $0.flip(infoPage(of: $0) + 3000 * page + 77) }),
        ]

        private static func infoPage(of file: ImageFile) throws -> Int {
            let map = Int(try file.integer(4064, as: UInt64.self))
            return Int(try file.integer(map * page, as: UInt64.self)) * page
        }

        @Test func damagedImagesAreRefusedAndStay() throws {
            try Bench.use("stock-damaged") { bench in
                let swap = try bench.swap(size: 512)
                var configuration = Configuration()
                configuration.memory = 256
                // As many disks as the tester has: the firmware's tables, and with them its memory
                // map, grow with the devices.
                let others = try Self.damages.indices.map {
                    Disk(try bench.disk("other-\($0)", size: 1))
                }
                configuration.disks = [Disk(swap)] + others
                let machine = try bench.start("original", configuration)
                try machine.waitUntilBooted()
                try machine.expect("dd if=/dev/urandom of=/tmp/random bs=1M count=32 2>/dev/null")
                try machine.waitForPowerOff(by: machine.send(stockHibernation()))

                // The image itself first: what is refused below is refused for its damage.
                var restore = configuration
                for (index, damage) in Self.damages.enumerated() {
                    let copy = try bench.copy(Disk(swap), as: "damaged-\(index)")
                    try damage.1(ImageFile(copy))
                    restore.disks[index + 1] = Disk(copy)
                }
                let tester = try bench.start("tester", restore)
                try tester.waitUntilBooted()
                let verified = try tester.run("kresume verify /dev/vda")
                #expect(verified.status == 0 && verified.output.contains("is whole"))
                let inspected = try tester.run("kresume inspect --json /dev/vda")
                let members = [
                    "\"swsusp\"", "\"LZO\"", "\"memory_map_matches\": \"yes\"",
                    "\"paging_levels\": 5,",
                ]
                for word in members {
                    #expect(inspected.output.contains(word), "\(inspected.output)")
                }
                for (index, damage) in Self.damages.enumerated() {
                    let device = "/dev/vd" + String(UnicodeScalar(UInt8(98 + index)))
                    let reply = try tester.run("kresume resume \(device)")
                    #expect(reply.status == 1)
                    #expect(reply.output.contains(damage.0), "\(index): \(reply.output)")
                    #expect(
                        try tester.run("kresume verify \(device)").status == (index == 5 ? 0 : 1))
                    try tester.expect(
                        "dd if=\(device) bs=1 skip=4086 count=9 2>/dev/null", gives: "S1SUSPEND")
                }
                // What the image is not to blame for, the kernel may do better.
                try tester.expect("echo 1 >/proc/sys/kernel/kexec_load_disabled")
                let refused = try tester.run("kresume resume /dev/vda")
                let number = try tester.run("cat /sys/block/vda/dev").output
                #expect(refused.status == 1)
                #expect(
                    refused.output.contains("kernel.kexec_load_disabled")
                        && refused.output.contains("echo \(number) > /sys/power/resume"),
                    "\(refused.output)")
                try tester.expect("kresume discard -q /dev/vda && swapon /dev/vda")
                try tester.powerOff()
            }
        }

        @Test func otherMemorySizeIsRefusedBeforeTheDataIsRead() throws {
            try Bench.use("stock-other-memory") { bench in
                var configuration = Configuration()
                configuration.memory = 256
                configuration.parameters = ["no5lvl", "hibernate=nocompress"]
                configuration.disks = [Disk(try bench.swap(size: 512))]
                let machine = try bench.start("original", configuration)
                try machine.waitUntilBooted()
                try machine.waitForPowerOff(by: machine.send(stockHibernation()))
                configuration.memory = 384
                configuration.parameters = []
                let other = try bench.start(
                    "other", configuration.booting("kresume resume /dev/vda"))
                let reply = try other.waitForBootCommand()
                #expect(reply.status == 1)
                #expect(reply.output.contains("memory map is not the one"))
                #expect(!reply.output.contains("found an image"))
                try other.waitUntilBooted()
                let inspected = try other.run("kresume inspect /dev/vda")
                let lines = inspected.output.split(separator: "\n").map { $0.split(separator: " ") }
                #expect(lines.contains(["paging_levels", "4"]), "\(inspected.output)")
                #expect(lines.contains(["memory_map_matches", "no"]), "\(inspected.output)")
            }
        }
    }
}
