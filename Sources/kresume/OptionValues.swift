// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// Arguments of options, by the options' long names. All of them make sense: they were asked what
/// is wrong with them (`CommandLineOption.Argument.problem`).
struct OptionValues: Equatable, Sendable {
    private var values: [String: String] = [:]

    mutating func set(_ option: String, to value: String) { values[option] = value }

    func contains(_ option: String) -> Bool { values[option] != nil }

    func value(_ option: String) -> String? { values[option] }

    /// In bytes.
    func size(_ option: String) -> UInt64? { values[option].flatMap(byteCount) }

    func number(_ option: String) -> UInt64? { values[option].flatMap(wholeNumber) }

    func device(_ option: String) -> DeviceSpecification? {
        values[option].flatMap { DeviceSpecification($0) }
    }

    /// These, and those of `others` that are not among them.
    func over(_ others: OptionValues) -> OptionValues {
        var result = self
        result.values.merge(others.values) { mine, _ in mine }
        return result
    }
}
