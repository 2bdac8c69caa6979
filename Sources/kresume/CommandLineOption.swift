// SPDX-License-Identifier: GPL-2.0-or-later

import Hibernation
import LinuxPlatform

/// An option of a command: long, and short where it is often typed.
struct CommandLineOption: Sendable {
    /// What an option's argument is. The raw value stands for it in the help.
    enum Argument: String, Sendable {
        case cache = "WHAT"
        case compression = "HOW"
        case count = "NUMBER"
        case device = "DEVICE"
        case entry = "ENTRY"
        case file = "FILE"
        case freezing = "WHEN"
        /// As the kernel command line has it, where it may be no number.
        case offset = "OFFSET"
        case options = "OPTIONS"
        case pages = "PAGES"
        case port = "PORT"
        case seconds = "SECONDS"
        case size = "SIZE"
        case yesOrNo = "YES|NO"
    }

    var long: String
    var short: Character?
    /// Nil where it takes none.
    var argument: Argument?
    /// Whether it may stand in kresume.conf, too, under its long name.
    var isSetting = false
    var help: String

    init(
        _ long: String, short: Character? = nil, argument: Argument? = nil, setting: Bool = false,
        _ help: String
    ) {
        self.long = long
        self.short = short
        self.argument = argument
        isSetting = setting
        self.help = help
    }

    /// Those that every command has.
    static let common = [
        CommandLineOption("verbose", short: "v", "say more"),
        CommandLineOption("quiet", short: "q", "say only what goes wrong"),
        CommandLineOption("help", short: "h", "show this help"),
    ]

    /// The option as it is typed, for the help.
    var usage: String {
        let short = short.map { "-\($0), " } ?? "    "
        return "  \(short)--\(long)" + (argument.map { "=\($0.rawValue)" } ?? "")
    }
}

extension CommandLineOption.Argument {
    /// What is wrong with `text` as such an argument, to be said after it; nil where nothing is.
    func problem(in text: String) -> String? {
        let (isGood, problem) =
            switch self {
            case .cache: (CacheDropping(rawValue: text) != nil, "is not all, oldest or reread")
            case .compression:
                (ImageCompression(text) != nil, "is not lz4, zstd, zstd:1 to zstd:19 or auto")
            case .device: (DeviceSpecification(text) != nil, "is not a device name")
            case .entry: (["resume", "usual"].contains(text), "is not resume or usual")
            case .file: (!text.isEmpty, "is not a file name")
            case .freezing:
                (FileSystemFreezing(rawValue: text) != nil, "is not auto, always or never")
            case .offset, .options: (true, "")
            case .count, .pages, .seconds: (wholeNumber(text) != nil, "is not a number")
            case .port:
                (
                    wholeNumber(text).flatMap { UInt16(exactly: $0) } != nil,
                    "is not an I/O port (these are below 0x10000)"
                )
            case .yesOrNo: (["yes", "no"].contains(text), "is not yes or no")
            case .size: (byteCount(text) != nil, "is not a size (for example 96M)")
            }
        return isGood ? nil : problem
    }
}

/// A whole number, decimal or after 0x hexadecimal.
func wholeNumber(_ text: String) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
}

/// A number, in bytes, with K, M or G for the powers of 1024.
func byteCount(_ text: String) -> UInt64? {
    let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.last.flatMap { units[Character($0.uppercased())] }
    let digits = unit == nil ? text[...] : text.dropLast()
    guard let number = UInt64(digits) else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    return overflow ? nil : bytes
}
