// SPDX-License-Identifier: GPL-2.0-or-later

/// Seconds since 1970-01-01 00:00 UTC, as `2026-02-28 07:05 UTC`.
package func calendarTime(_ seconds: UInt64) -> String {
    // 40 bits in ext4: no sum below overflows.
    let seconds = min(seconds, 1 << 40)
    let (days, rest) = (Int(seconds / 86400), Int(seconds % 86400))
    // Eras of 400 years, which begin on 1 March 0000 (Howard Hinnant, chrono-Compatible Low-Level Date
    // Algorithms).
    let shifted = days + 719_468
    let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let isJanuaryOrFebruary = month >= 10
    return "\(era * 400 + year + (isJanuaryOrFebruary ? 1 : 0))-"
        + "\(two(isJanuaryOrFebruary ? month - 9 : month + 3))-\(two(day)) "
        + "\(two(rest / 3600)):\(two(rest / 60 % 60)) UTC"
}

private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
