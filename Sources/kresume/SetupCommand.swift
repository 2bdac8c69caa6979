// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import Hibernation
import LinuxPlatform
import SystemPackage

/// The command that makes a system one that hibernates.
extension Command {
    static let setup = Command(
        name: "setup", operands: "",
        summary: "Make this system one that hibernates and comes back.",
        details: """
            Shows what is left to do, asks, and does it: a swap file where no swap can hold an image, the
            key of encrypted images, where the next boot looks, systemctl hibernate, the initramfs.
            What is there already is left as it is.
            """,
        options: [
            CommandLineOption("yes", short: "y", "do not ask"),
            CommandLineOption("undo", "take back what kresume setup has done here"),
            CommandLineOption(
                "swap-file", argument: .file,
                "the swap file to use; it is made if it is not there"),
            CommandLineOption(
                "size", argument: .size, "of a swap file that is made (default: that of memory)"),
            CommandLineOption("no-encrypt", "make no key of encrypted images"),
            CommandLineOption(
                "resume-initramfs",
                "make a second initramfs, without graphics and network, which the boot loader starts once "
                    + "after a hibernation"),
            CommandLineOption(
                "refresh", "make that one again if a kernel or the initramfs is newer: for hooks"),
            CommandLineOption(
                "next-boot", argument: .entry,
                "have the boot loader start it next (resume), or not (usual): for hooks"),
        ], operandCount: 0...0
    ) { arguments, report in
        let options = arguments.options
        var setup = Setup(try hibernation(arguments, report))
        if options.contains("undo") {
            try setup.undo()
            return .success
        }
        if options.contains("refresh") {
            try setup.refresh()
            return .success
        }
        if let entry = options.value("next-boot") {
            let next = NextEntry(LinuxMachine(), report)
            if entry == "resume" { next.mark() } else { next.unmark() }
            return .success
        }
        setup.makesResumeEntry = options.contains("resume-initramfs")
        setup.swapFile = options.value("swap-file").map { FilePath($0) }
        setup.size = options.size("size")
        setup.encrypts = !options.contains("no-encrypt")
        let plan = try setup.plan()
        for warning in plan.warnings { report.warn(warning) }
        if plan.isEmpty {
            print("All is set up. kresume check tells what works, kresume test tries it.")
            return .success
        }
        print("kresume setup is going to:\n\(plan.text)")
        if !options.contains("yes"), !isAgreed("Go on? [y/N] ") {
            print("Nothing was changed (--yes does not ask).")
            return .failure
        }
        try setup.run(plan)
        print(
            "Set up: systemctl hibernate switches this machine off, and the next boot resumes it. "
                + "kresume check tells what works.")
        return .success
    }

    private static func isAgreed(_ question: String) -> Bool {
        print(question, terminator: "")
        fflush(nil)
        return ["y", "yes"].contains(readLine()?.lowercased())
    }
}
