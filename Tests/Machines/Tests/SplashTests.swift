// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// What somebody sees who has a boot splash.
extension Machines {
    @Suite(.serialized) struct SplashTests {
        /// plymouthd with a screen.
        private static let start = """
            mount -t ext4 /dev/vda /mnt && cd /mnt && mkdir -p dev proc sys run &&
                for i in dev proc sys; do mount --bind "/$i" "$i" || exit 1; done
            mkdir -p dev/pts && mount -t devpts devpts dev/pts && mount -t tmpfs run run &&
                chroot . /usr/sbin/plymouthd --mode=boot --tty=/dev/tty1 && chroot . /usr/bin/plymouth show-splash
            """

        /// The same picture as for the same words of plymouth's own, and while they are to be seen only.
        @Test func wordsAreShown() throws {
            try Bench.use("splash") { bench in
                var configuration = Configuration()
                configuration.system = .debianFull
                configuration.devices = ["VGA,id=vga"]
                configuration.disks = [Disk(try bench.splashDisk())]
                // The console is none that plymouthd should look at, and there is no udev to tell of the screen.
                configuration.parameters = [
                    "splash", "plymouth.ignore-serial-consoles", "plymouth.ignore-udev",
                ]
                let machine = try bench.start("machine", configuration)
                try machine.waitUntilBooted()
                try machine.expect(Self.start)
                let say = { (words: String) in
                    try machine.expect(
                        "chroot /mnt /usr/bin/plymouth display-message --text='\(words)'")
                }
                let screen = Screen(machine, bench)
                try say("")
                let nothing = try screen.whenStill()
                #expect(screen.isEmpty(nothing))
                try say(
                    "kresume: waiting for the device /dev/none, 600 seconds at most; Enter goes on without it"
                )
                let expected = try screen.whenOther(than: nothing)
                try say("")
                #expect(try screen.whenOther(than: expected) == nothing)

                try machine.expect(
                    "kresume resume --unattended --wait=600 /dev/none >/dev/null 2>&1 &")
                #expect(try screen.whenOther(than: nothing) == expected)
                try machine.expect("killall -TERM kresume")
                #expect(try screen.whenOther(than: expected) != expected)
            }
        }
    }
}

/// The picture on the machine's screen.
private struct Screen {
    private let machine: Machine
    private let path: String

    init(_ machine: Machine, _ bench: Bench) {
        self.machine = machine
        path = bench.scratch("screen")
    }

    private func now() throws -> Data {
        try machine.capture(path, of: "vga")
        return try Data(contentsOf: URL(filePath: path))
    }

    /// The first one that is the same twice.
    func whenStill() throws -> Data { try whenOther(than: Data()) }

    /// The first one that is the same twice, and is not `old`; `old` where that stays. A screen tells nobody
    /// when it changes, so it is looked at again and again.
    func whenOther(than old: Data) throws -> Data {
        let end = Date(timeIntervalSinceNow: 30)
        var last = try now()
        repeat {
            usleep(200_000)
            let next = try now()
            if next == last, next != old { return next }
            last = next
        } while Date() < end
        return last
    }

    /// Whether it has one colour.
    func isEmpty(_ picture: Data) -> Bool {
        let pixels = picture.suffix(1280 * 800 * 3)
        return pixels.count == 1280 * 800 * 3 && pixels.allSatisfy { $0 == pixels.first }
    }
}
