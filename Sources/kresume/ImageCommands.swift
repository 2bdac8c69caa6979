// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Hibernation
import LinuxPlatform
import SystemPackage

/// Commands that look at images, or drop them.
extension Command {
    static let locate = Command(
        name: "locate", operands: "[DEVICE]",
        summary: "List the hibernation images on this machine.",
        details: """
            A line for each: where, what, how old, how big; also images of other software.
            Without DEVICE the beginning of every block device is looked at.
            """,
        options: [.offset], operandCount: 0...1
    ) { arguments, report in
        let images = try LocateImages(LinuxMachine(), report).run(arguments.location())
        if images.isEmpty { report.detail("no hibernation image") }
        for image in images { print(shown("\(image)")) }
        return .success
    }

    static let inspect = Command(
        name: "inspect", operands: "DEVICE",
        summary: "Show all that an image says of itself.",
        details: "Its data is not checked: see kresume verify.",
        options: [.offset, CommandLineOption("json", short: "j", "as JSON")], operandCount: 1...1
    ) { arguments, report in
        guard
            let inspection = try InspectImage(LinuxMachine(), report).run(
                arguments.requiredLocation())
        else {
            report.note("no hibernation image there")
            return .failure
        }
        print(arguments.options.contains("json") ? inspection.json : inspection.text)
        return .success
    }

    static let verify = Command(
        name: "verify", operands: "DEVICE",
        summary: "Read and check every byte of an image; resume nothing.",
        details: "Of an encrypted image, what it takes to open it is asked for.",
        options: [.offset, .keyFile], operandCount: 1...1
    ) { arguments, report in
        var verify = VerifyImage(LinuxMachine(), report)
        verify.keyFile =
            (arguments.options.value("key-file")
            ?? Settings(report).values.value("key-file")).map { FilePath($0) }
        guard try verify.run(arguments.requiredLocation()) else {
            report.note("no hibernation image there")
            return .failure
        }
        return .success
    }

    static let discard = Command(
        name: "discard", operands: "DEVICE",
        summary: "Drop an image: the area is plain swap again.",
        details: """
            Or whatever it was before. The machine whose memory the image holds cannot be resumed
            then. A damaged image can be dropped, too.
            """,
        options: [.offset], operandCount: 1...1
    ) { arguments, report in
        if try !DiscardImage(LinuxMachine(), report).run(arguments.requiredLocation()) {
            report.note("no hibernation image there")
        }
        return .success
    }
}
