// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness
import Testing

/// A device that is not there yet.
extension Machines {
    @Suite struct WaitTests {
        @Test func deviceIsWaitedFor() throws {
            try Bench.use("wait") { bench in
                let machine = try bench.start("machine", Configuration())
                try machine.waitUntilBooted()

                // One that is there costs nothing, and neither does one named by hand.
                try machine.expect("truncate -s 1M /tmp/late && mkswap -L late /tmp/late >/dev/null")
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
                try machine.expect("dmesg | grep -c 'no hibernation image on /dev/loop0'", gives: "1")

                // It does not; the time stands still while somebody is asked for a passphrase.
                let absent = "timeout 4 kresume resume --wait=1 LABEL=absent 2>/dev/null"
                #expect(try machine.run(absent).status == 1)
                try machine.expect("mkdir -p /run/systemd/ask-password && >/run/systemd/ask-password/ask.x")
                #expect(try machine.run(absent).status == 143)
                try machine.powerOff()
            }
        }
    }
}
