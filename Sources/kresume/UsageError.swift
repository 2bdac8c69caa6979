// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

/// What is wrong with the words after the command's name.
enum UsageError: ExplainedError, Hashable {
    /// getopt_long has told the user already.
    case badOption
    /// `problem` is to be said after the value.
    case badValue(option: String, value: String, problem: String)
    case noDevice
    case notADevice(String)
    case offsetWithoutDevice
    case tooManyArguments([String])

    var explanation: String {
        switch self {
        case .badOption: "there is no such option, or it lacks its argument"
        case .badValue(let option, let value, let problem): "--\(option)=\(value) \(problem)"
        case .noDevice: "name a device"
        case .notADevice(let word): "\(word) is not a device name"
        case .offsetWithoutDevice: "--offset needs a device"
        case .tooManyArguments(let words):
            "too many arguments: \(words.joined(separator: " "))"
        }
    }
}
