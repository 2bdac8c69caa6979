// SPDX-License-Identifier: GPL-2.0-or-later

import CGetopt
import Glibc

/// The words after a command's name: options by their long names, and operands.
struct Arguments {
    private var values: [String: String] = [:]
    private(set) var operands: [String] = []

    /// By getopt_long, so with all the habits of GNU programs: options and operands mixed, `--`,
    /// long names cut short. `words` begins with the name that getopt_long puts before its errors.
    init(_ words: [String], _ options: [CommandLineOption]) throws {
        // getopt_long wants C strings that outlive the call; so does the process.
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let firstValue: Int32 = 256
        var long = options.enumerated().map { index, item in
            option(
                name: UnsafePointer(strdup(item.long)),
                has_arg: item.argument == nil ? no_argument : required_argument, flag: nil,
                val: firstValue + Int32(index))
        }
        long.append(option())
        let short = options.map { item in
            item.short.map { String($0) + (item.argument == nil ? "" : ":") } ?? ""
        }.joined()

        while true {
            let found = getopt_long(Int32(words.count), &argv, short, long, nil)
            if found == -1 { break }
            let item = options.enumerated().first { index, item in
                found == firstValue + Int32(index)
                    || item.short?.asciiValue.map { Int32($0) } == found
            }
            guard let item else { throw UsageError() }
            values[item.element.long] = getopt_argument().map { String(cString: $0) } ?? ""
        }
        operands = argv[Int(getopt_next_index())..<words.count].compactMap {
            $0.map { String(cString: $0) }
        }
    }

    func contains(_ option: String) -> Bool { values[option] != nil }

    func value(_ option: String) -> String? { values[option] }

    /// A number, in bytes, with K, M or G for the powers of 1024.
    func size(_ option: String) throws -> UInt64? {
        guard let text = values[option] else { return nil }
        let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = text.last.flatMap { units[Character($0.uppercased())] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard let number = UInt64(digits),
            case let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1),
            !overflow
        else { throw UsageError(text: "--\(option)=\(text) is no size: 96M, for example") }
        return bytes
    }

    /// A whole number, decimal or after 0x hexadecimal.
    func number(_ option: String) throws -> UInt64? {
        guard let text = values[option] else { return nil }
        let number = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
        guard let number else { throw UsageError(text: "--\(option)=\(text) is no number") }
        return number
    }
}
