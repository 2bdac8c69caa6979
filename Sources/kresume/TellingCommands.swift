// SPDX-License-Identifier: GPL-2.0-or-later

import Hibernation
import LinuxPlatform

/// Commands that tell what hibernating would come to, and what it came to.
extension Command {
    static let estimate = Command(
        name: "estimate", operands: "[DEVICE]",
        summary: "Tell how large an image would be, and how long it would take.",
        details: """
            Looks at some of the memory as the saver kernel would at all of it. Nothing is changed; kresume
            test tries it.
            """,
        options: sleeping, operandCount: 0...1
    ) { arguments, report in
        print(try EstimateImage(hibernation(arguments, report)).run().text)
        return .success
    }

    static let status = Command(
        name: "status", operands: "",
        summary: "Tell what became of the last hibernation or resume.",
        details: """
            When, how large, how long each part took in which kernel, and what the restore kernel said; or
            why there was none. As long as the kernel lives that it happened to.
            """,
        options: [], operandCount: 0...0, worksAnywhere: true
    ) { _, _ in
        print(
            try Status(LinuxMachine()).run()
                ?? "Nothing was hibernated or resumed here since the system was started.")
        return .success
    }
}
