// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

/// What hibernates where there is no systemd.
@Suite struct ElogindTests {
    private static func hook(_ status: Int) -> Hook {
        Hook(
            path: "elogind/hibernate", standIns: ["kresume=\(status)"],
            // A directory of its own, in place of elogind's, with a program that fails.
            files: ["/etc/elogind/system-sleep": ""])
    }

    @Test(arguments: [0, 1]) func hooksRunBeforeAndAfter(status: Int) throws {
        let make = """
            rm ./file0 && mkdir ./file0 && printf '#!/bin/sh\\necho "$@" >&3; exit 3\\n' >./file0/a
            chmod +x ./file0/a; echo no program >./file0/b; mkdir ./file0/c
            """
        let outcome = try Self.hook(status).run(arguments: ["--image-size=1G"], first: make)
        #expect(
            outcome
                == Hook.Outcome(
                    calls: [
                        "pre hibernate", "kresume hibernate --image-size=1G", "post hibernate",
                    ],
                    status: Int32(status)))
    }
}
