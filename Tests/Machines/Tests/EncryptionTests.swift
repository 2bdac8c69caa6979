// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import KeyFiles
import MachineHarness
import Sealing
import Testing

/// Encrypted images, by a passphrase that is typed and by a key file; and what is refused where a key
/// is.
extension Machines {
    @Suite(.serialized) struct EncryptionTests {
        /// With a passphrase that does not take a guest long.
        private static func keyFiles(_ key: OpeningKey) throws -> (sealing: Data, opening: Data) {
            let opening = try OpeningKeyFile(
                key, passphrase: SecretBytes("right".utf8),
                cost: PassphraseCost(passes: 1, memory: 8 << 20))
            return (Data(SealingKeyFile.serialised(key.sealingKey)), Data(opening.serialised))
        }

        /// Writes what a guest is to have as a file.
        private func put(_ data: Data, _ path: String, in machine: Machine) throws {
            try machine.expect(
                "mkdir -p /etc/kresume && echo \(data.base64EncodedString()) | base64 -d >\(path)")
        }

        /// Random data that A has in its memory: what cannot be packed lies in a plain image as it is.
        private static let needles = Data((0..<(16 << 10)).map { _ in UInt8.random(in: 0...255) })

        /// Whether one of its pieces is there: memory may have copies of others, which are packed.
        private func isOnDisk(_ path: String) throws -> Bool {
            let bytes = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
            return stride(from: 1000, to: Self.needles.count, by: 4096).contains { start in
                bytes.range(of: Self.needles[start..<start + 32]) != nil
            }
        }

        /// Begins to resume as a boot does, with somebody at the console.
        private func resumeAtConsole(_ machine: Machine) -> Request {
            machine.send(
                "kresume resume --unattended /dev/vda </dev/console >/dev/console 2>&1")
        }

        private static let prompt = "Passphrase of the hibernation image:"

        /// Answers the questions that come from now on, one after the other.
        private func answer(_ words: [String], _ machine: Machine, from start: Int) throws {
            for (number, word) in words.enumerated() {
                try machine.waitForConsole(since: start) { text in
                    text.components(separatedBy: Self.prompt).count > number + 1
                }
                machine.type("\(word)\n")
            }
        }

        @Test func circlesByPassphraseAndByKeyFile() throws {
            try Bench.use("encryption") { bench in
                let fileSystem = try bench.ext4()
                let swap = try bench.swap(size: 1024)
                var configuration = Configuration()
                configuration.disks = [Disk(swap), Disk(fileSystem)]
                let key = try Self.keyFiles(.random())

                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.startWork(memory: 16)
                try put(Self.needles, "/tmp/needles", in: machine)
                try put(key.sealing, "/etc/kresume/sealing-key", in: machine)
                let first = machine.send(hibernate())
                try machine.waitForPowerOff(by: first)
                #expect(try !isOnDisk(swap))

                // A passphrase, typed.
                let back = try bench.start("back", configuration)
                try back.waitUntilBooted()
                let keyless = try back.run("kresume resume --unattended /dev/vda")
                #expect(keyless.status == 1 && keyless.output.contains("no key here to open it"))
                try put(key.opening, "/etc/kresume/image-key", in: back)
                var start = back.console.count
                let failing = resumeAtConsole(back)
                try answer(["wrong", "Right", "right "], back, from: start)
                #expect(try back.waitForReply(to: failing).status == 1)
                #expect(back.console.contains("these are not the passphrase of the key"))
                #expect(!back.console.dropFirst(start).contains("Right"))
                let about = try back.run("kresume inspect /dev/vda | grep -E '^(state|encrypted) '")
                #expect(about.output.contains("ready") && !about.output.contains(" no"))
                let verdict = try back.run("echo right | kresume verify /dev/vda")
                #expect(verdict.status == 0 && verdict.output.contains("is whole"))
                start = back.console.count
                let resuming = resumeAtConsole(back)
                try answer(["wrong", "right"], back, from: start)
                let reply = try back.waitForReturn(of: first, by: resuming)
                #expect(reply.status == 0, "\(reply.output)")
                try back.expectWorkIntact()

                // In clear, although there is a key: the search finds what it looks for.
                let second = back.send("kresume hibernate --no-encrypt /dev/vda")
                try back.waitForPowerOff(by: second)
                #expect(try isOnDisk(swap))
                let plain = try bench.start("plain", configuration)
                try plain.waitUntilBooted()
                try put(key.opening, "/etc/kresume/image-key", in: plain)
                let refused = try plain.run("kresume resume --unattended /dev/vda")
                #expect(refused.status == 1)
                #expect(refused.output.contains("anybody may have written it"))
                let byHand = plain.send(resume())
                #expect(try plain.waitForReturn(of: second, by: byHand).status == 0)
                try plain.expectWorkIntact()

                // What the plain image left behind would be found again.
                try plain.expect(
                    "dd if=/dev/zero of=/dev/vda bs=1M count=1024 2>/dev/null; mkswap /dev/vda >/dev/null"
                )
                // A key of the guest's own, without a passphrase.
                try plain.expect(
                    "kresume key remove -q && kresume key create -q --no-passphrase")
                try plain.expect("stat -c %a /etc/kresume/image-key", gives: "600")
                let file = try plain.run("base64 -w 0 /etc/kresume/image-key").output
                let opening = try #require(Data(base64Encoded: file))
                let third = plain.send("kresume hibernate -c zstd /dev/vda")
                try plain.waitForPowerOff(by: third)
                #expect(try !isOnDisk(swap))
                let last = try bench.start("last", configuration)
                try last.waitUntilBooted()
                try put(key.opening, "/etc/kresume/image-key", in: last)
                let other = try last.run("echo right | kresume resume --unattended /dev/vda")
                #expect(other.status == 1 && other.output.contains("sealed with another key"))
                try put(opening, "/tmp/key", in: last)
                let byFile = last.send("kresume resume --unattended --key-file=/tmp/key /dev/vda")
                #expect(try last.waitForReturn(of: third, by: byFile).status == 0)
                try last.expectWorkIntact()
                try last.expect("swapon /dev/vda && swapoff /dev/vda")
                try last.stopWork()
                try bench.checkFileSystem(fileSystem)
            }
        }

        /// The firmware remembers which image is the newest, also where nobody has mounted efivarfs.
        @Test func anOlderImageThatIsPutBackIsNotTaken() throws {
            try Bench.use("older-image") { bench in
                let fileSystem = try bench.ext4()
                let swap = try bench.swap(size: 768)
                var configuration = Configuration()
                configuration.board = .q35
                configuration.disks = [Disk(swap), Disk(fileSystem)]
                configuration.firmware = .uefi(variables: try bench.uefiVariables())
                let key = OpeningKey.random()
                let sealing = Data(SealingKeyFile.serialised(key.sealingKey))
                let opening = Data(try OpeningKeyFile(key, passphrase: nil).serialised)
                let resume = "kresume resume --unattended /dev/vda"
                let count = "ls /sys/firmware/efi/efivars | grep -c ^KresumeImage- || :"

                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted(limit: .seconds(300))
                try machine.startWork(memory: 16)
                try put(sealing, "/etc/kresume/sealing-key", in: machine)
                let first = machine.send(hibernate())
                try machine.waitForPowerOff(by: first)
                let older = swap + ".older"
                try Host.run(["cp", "--sparse=always", swap, older])

                let back = try bench.start("back", configuration)
                try back.waitUntilBooted(limit: .seconds(300))
                try put(opening, "/etc/kresume/image-key", in: back)
                try back.expect(count, gives: "1")
                try back.expect("umount /sys/firmware/efi/efivars")
                #expect(try back.waitForReturn(of: first, by: back.send(resume)).status == 0)
                try back.expectWorkIntact()
                try back.expect(count, gives: "0")

                // The image that was resumed, as it was before, when there is a newer one.
                let second = back.send(hibernate())
                try back.waitForPowerOff(by: second)
                let newer = swap + ".newer"
                try Host.run(["mv", swap, newer])
                try Host.run(["cp", "--sparse=always", older, swap])
                let other = try bench.start("other", configuration)
                try other.waitUntilBooted(limit: .seconds(300))
                try put(opening, "/etc/kresume/image-key", in: other)
                let refused = try other.run(resume)
                #expect(refused.status == 1, "\(refused.output)")
                #expect(refused.output.contains("an older one may have been put back"))
                try other.powerOff()

                try Host.run(["mv", newer, swap])
                let last = try bench.start("last", configuration)
                try last.waitUntilBooted(limit: .seconds(300))
                try put(opening, "/etc/kresume/image-key", in: last)
                #expect(try last.waitForReturn(of: second, by: last.send(resume)).status == 0)
                try last.expectWorkIntact()
                try last.stopWork()
                try last.powerOff()
                try bench.checkFileSystem(fileSystem)
            }
        }
    }
}
