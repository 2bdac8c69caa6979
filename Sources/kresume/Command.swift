// SPDX-License-Identifier: GPL-2.0-or-later

import Hibernation
import LinuxPlatform

/// One of kresume's commands.
struct Command: Sendable {
    var name: String
    /// Its operands, for the help.
    var operands: String
    /// One line, for the list of all commands.
    var summary: String
    /// What else its help says; empty where the summary says all.
    var details = ""
    var options: [CommandLineOption]
    /// How many operands it needs and takes.
    var operandCount: ClosedRange<Int>
    /// Whether it is of use where no devices are to be seen.
    var worksAnywhere = false
    var run: @Sendable (Arguments, Report) throws -> ExitStatus

    static let all: [Command] = [
        resume, hibernate, test, check, estimate, setup, status, save, locate, inspect, verify,
        discard, key, sleep,
    ]

    var help: String {
        let options = options + CommandLineOption.common
        let width = options.map(\.usage.count).max() ?? 0
        let lines = options.map { option in
            option.usage + String(repeating: " ", count: width + 2 - option.usage.count)
                + option.help
        }
        let usage = ["usage: kresume \(name) [OPTION]...", operands].filter { !$0.isEmpty }
        let text = [usage.joined(separator: " "), summary, details].filter { !$0.isEmpty }
        return (text + [""] + lines).joined(separator: "\n")
    }
}

/// What the process says to its caller.
enum ExitStatus: Int32 {
    /// Done, or nothing to do.
    case success = 0
    /// There is an image and it could not be used, or the operation failed.
    case failure = 1
    /// Somebody has cancelled it.
    case cancelled = 3
    /// The command was called wrongly: EX_USAGE of sysexits.h.
    case usage = 64
}

extension Arguments {
    /// `[DEVICE]` with `--offset`; nil where no device is named.
    func location() throws -> ImageLocation? {
        guard let text = operands.first else {
            if options.contains("offset") { throw UsageError.offsetWithoutDevice }
            return nil
        }
        guard let device = DeviceSpecification(text) else {
            throw UsageError.notADevice(text)
        }
        return ImageLocation(device, offsetPages: options.number("offset"))
    }

    func requiredLocation() throws -> ImageLocation {
        guard let location = try location() else { throw UsageError.noDevice }
        return location
    }
}

extension CommandLineOption {
    static let offset = CommandLineOption(
        "offset", short: "o", argument: .pages,
        "how many pages of 4096 bytes into DEVICE the image begins")
    static let keyFile = CommandLineOption(
        "key-file", argument: .file, setting: true,
        "the key that opens an encrypted image (default: /etc/kresume/image-key)")
    static let debugPort = CommandLineOption(
        "debug-port", argument: .port,
        "for debugging: the code between the kernels writes letters there")
}
