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
    /// An option that no boot may have.
    case onlyByHand(String)
    case tooManyArguments([String])
    /// What stands behind `key`; empty where nothing does.
    case notAKeyCommand(String)

    var explanation: String {
        switch self {
        case .badOption: "there is no such option, or it lacks its argument"
        case .badValue(let option, let value, let problem): "--\(option)=\(value) \(problem)"
        case .noDevice: "name a device"
        case .notADevice(let word): "\(word) is not a device name"
        case .offsetWithoutDevice: "--offset needs a device"
        case .onlyByHand(let option): "--\(option) is for a person, not for --unattended"
        case .notAKeyCommand(let word):
            (word.isEmpty ? "say" : "\(word) is nothing to do with a key: say")
                + " create, show, change-passphrase or remove"
        case .tooManyArguments(let words):
            "too many arguments: \(words.joined(separator: " "))"
        }
    }
}
