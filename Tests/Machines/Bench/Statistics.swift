// SPDX-License-Identifier: GPL-2.0-or-later

/// The middle one; of an even number, the mean of the two in the middle. Nil where there is none.
func median(_ values: [Double]) -> Double? {
    if values.isEmpty { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// The median of the ratios of those that belong together, by round: what slows a host down for
/// a while slows both of a round down. Rounds that only one side has do not count.
func medianRatio(_ numerators: [Int: Double], _ denominators: [Int: Double]) -> Double? {
    median(
        numerators.compactMap { round, value in
            guard let other = denominators[round], other > 0 else { return nil }
            return value / other
        })
}
