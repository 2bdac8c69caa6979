// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// A device that is not there yet.
extension Machines {
    @Suite(.serialized) struct WaitTests {
        @Test func deviceIsWaitedFor() throws {
            try Bench.use("wait") { bench in
                let machine = try bench.start("machine", Configuration())
                try machine.waitUntilBooted()

                // One that is there costs nothing, and neither does one named by hand.
                try machine.expect(
                    "truncate -s 1M /tmp/late && mkswap -L late /tmp/late >/dev/null")
                try machine.expect(
                    "kresume resume LABEL=late", gives: "kresume: there is no device LABEL=late",
                    status: 1)
                try machine.expect("dmesg | grep -c waiting || :", gives: "0")

                // It appears.
                try machine.expect(
                    """
                    mkfifo /tmp/said && exec 4<>/tmp/said
                    kresume resume -v --wait=600 LABEL=late 2>&4 & child=$!
                    read -r line <&4 && echo "${line%%,*}"
                    losetup /dev/loop0 /tmp/late && wait "${child}"
                    """, gives: "kresume: waiting for the device LABEL=late", limit: .seconds(60))
                try machine.expect(
                    "dmesg | grep -c 'no hibernation image on /dev/loop0'", gives: "1")

                // It does not; the time stands still while somebody is asked for a passphrase.
                let absent = "timeout 4 kresume resume --wait=1 LABEL=absent"
                let isAbsent = "there is no device LABEL=absent"
                #expect(try machine.run(absent).output.contains(isAbsent))
                try machine.expect(
                    "mkdir -p /run/systemd/ask-password && >/run/systemd/ask-password/ask.x")
                #expect(try machine.run(absent).output.contains("interrupted by SIGTERM"))
                try expectEnterIsLeftToPrompt(machine)
                try expectEnterEndsWaiting(machine)
                try expectSettings(machine)
                try machine.powerOff()
            }
        }

        private func expectEnterEndsWaiting(_ machine: Machine) throws {
            // The second is how systemd runs a unit.
            for (streams, seconds) in [("</dev/console", 601), ("</dev/null 2>/dev/console", 602)] {
                let request = machine.send(
                    "kresume resume --wait=\(seconds) LABEL=absent \(streams)")
                try machine.waitForConsole("LABEL=absent, \(seconds) seconds at most")
                machine.type("\n")
                #expect(try machine.waitForReply(to: request).status == 1)
            }
        }

        /// A passphrase goes to whoever asks for it, also while we are waiting.
        private func expectEnterIsLeftToPrompt(_ machine: Machine) throws {
            try machine.expect(
                """
                mkfifo /tmp/ended
                (kresume resume --wait=600 LABEL=absent 2>/dev/console; echo $? >/tmp/ended) \
                    >/dev/null 2>&1 &
                """)
            try machine.waitForConsole("LABEL=absent, 600 seconds at most")
            machine.type("passphrase\n")
            try machine.expect("read -r line </dev/console && echo ${line}", gives: "passphrase")
            try machine.expect("rm /run/systemd/ask-password/ask.x")
            machine.type("\n")
            try machine.expect("cat /tmp/ended", gives: "1")
        }

        /// The configuration file says where to look and how long, the kernel command line beats
        /// it, and the command line beats that.
        private func expectSettings(_ machine: Machine) throws {
            try machine.expect(
                """
                mkdir -p /etc && printf 'devise = x\nwait = 1\ndevice = LABEL=file\n' \
                    >/etc/kresume.conf
                """)
            func expectWait(_ command: String, _ device: String, _ seconds: Int) throws {
                try machine.expect(
                    command,
                    gives: """
                        kresume: /etc/kresume.conf:1: there is no setting devise
                        kresume: waiting for the device \(device), \(seconds) seconds at most; \
                        Enter goes on without it
                        kresume: there is no device \(device)
                        """, status: 1)
            }
            try expectWait("kresume resume", "LABEL=file", 1)
            try expectWait("kresume resume --default=LABEL=fallback", "LABEL=file", 1)
            try machine.expect(
                """
                echo resume=LABEL=kernel kresume.wait=2 >/tmp/line && \
                mount --bind /tmp/line /proc/cmdline
                """)
            try expectWait("kresume resume", "LABEL=kernel", 2)
            try expectWait("kresume resume --wait=3 LABEL=typed", "LABEL=typed", 3)
            try machine.expect("umount /proc/cmdline && rm /etc/kresume.conf")
        }
    }
}
