// SPDX-License-Identifier: GPL-2.0-or-later

import ConfigurationFile
import Hibernation
import LinuxPlatform
import SystemPackage

/// What /etc/kresume.conf says. The command line and the kernel command line beat it.
///
/// An option becomes a key of it by `setting: true` in its command's list.
struct Settings {
    private(set) var values = OptionValues()

    static let path: FilePath = "/etc/kresume.conf"

    /// What has no option, or one without an argument: DEVICE is an operand, `offset` belongs to it,
    /// and who types a command does not want the machine to be started again, and sees which image
    /// it is.
    private static let keysWithoutOption: [String: CommandLineOption.Argument] = [
        "device": .device, "offset": .pages, "retry": .count, "encrypt": .yesOrNo,
        "find-offset": .yesOrNo, "plain-images": .yesOrNo,
    ]

    static let keys: [String: CommandLineOption.Argument] = Command.all.flatMap(\.options)
        .filter(\.isSetting)
        .reduce(into: keysWithoutOption) { keys, option in keys[option.long] = option.argument }

    /// Reads the file where there is one. What is wrong in it is a warning each, never a reason
    /// not to go on.
    init(_ report: Report, path: FilePath = path) {
        do {
            let bytes = try SystemFile.prefix(path, count: ConfigurationFile.sizeLimit + 1)
            let file = ConfigurationFile(parsing: bytes)
            for problem in take(file) { report.warn("\(path):\(problem.line): \(problem.text)") }
        } catch {
            if case .call(.open, _, .noSuchFileOrDirectory) = error { return }
            report.warn(explanation(of: error))
        }
    }

    init() {}

    /// - Returns: what is wrong, in the order of the lines.
    mutating func take(_ file: ConfigurationFile) -> [(line: Int, text: String)] {
        var problems = file.problems.map { ($0.line, $0.explanation) }
        for entry in file.entries {
            guard let argument = Self.keys[entry.key] else {
                problems.append((entry.line, "there is no setting \(entry.key)"))
                continue
            }
            if let problem = argument.problem(in: entry.value) {
                problems.append((entry.line, "\(entry.key) = \(entry.value) \(problem)"))
                continue
            }
            values.set(entry.key, to: entry.value)
        }
        return problems.sorted { $0.0 < $1.0 }
    }

    /// Where images are.
    var location: ConfiguredLocation? {
        values.device("device").map {
            ConfiguredLocation(device: $0, offsetPages: values.number("offset"))
        }
    }

    /// How often to start the machine again for another memory map.
    var mapRetries: UInt64? { values.number("retry") }

    /// Nil where it says neither.
    func isOn(_ key: String) -> Bool? { values.value(key).map { $0 == "yes" } }

    /// How long to wait for a device, in seconds.
    var wait: UInt64? { values.number("wait") }
}
