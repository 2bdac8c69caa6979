// SPDX-License-Identifier: GPL-2.0-or-later

import CGetopt
import Glibc

/// The words after a command's name: options by their long names, and operands.
struct Arguments {
    private(set) var options = OptionValues()
    private(set) var operands: [String] = []

    /// None.
    init() {}

    /// By getopt_long, so once in a process, and with all the habits of GNU programs: options and
    /// operands mixed, `--`, long names cut short. `words` begins with the name that getopt_long puts
    /// before its errors.
    init(_ words: [String], _ known: [CommandLineOption]) throws {
        // getopt_long wants C strings that outlive the call; so does the process.
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let firstValue: Int32 = 256
        var long = known.enumerated().map { index, item in
            option(
                name: UnsafePointer(strdup(item.long)),
                has_arg: item.argument == nil ? no_argument : required_argument, flag: nil,
                val: firstValue + Int32(index))
        }
        long.append(option())
        let short = known.map { item in
            item.short.map { String($0) + (item.argument == nil ? "" : ":") } ?? ""
        }.joined()

        while true {
            let found = getopt_long(Int32(words.count), &argv, short, long, nil)
            if found == -1 { break }
            let item = known.enumerated().first { index, item in
                found == firstValue + Int32(index)
                    || item.short?.asciiValue.map { Int32($0) } == found
            }
            guard let item else { throw UsageError.badOption }
            let option = item.element
            let value = getopt_argument().map { String(cString: $0) } ?? ""
            if let problem = option.argument?.problem(in: value) {
                throw UsageError.badValue(
                    option: option.long, value: value, problem: problem)
            }
            options.set(option.long, to: value)
        }
        operands = argv[Int(getopt_next_index())..<words.count].compactMap {
            $0.map { String(cString: $0) }
        }
    }
}
