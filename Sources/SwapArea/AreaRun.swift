// SPDX-License-Identifier: GPL-2.0-or-later

/// Consecutive pages of an image area: they follow one another on a device, too, or lie by turns on several.
package struct AreaRun: Hashable, Sendable {
    /// What a run has on one device.
    package struct Column: Hashable, Sendable {
        /// Which of the area's devices, from 0 on.
        package var device: Int
        package var run: DeviceRun

        package init(_ device: Int, _ run: DeviceRun) {
            self.device = device
            self.run = run
        }
    }

    /// In the order of their turns; each has as many pages as the others.
    package let columns: [Column]
    /// How many pages lie on a device before it is the next one's turn.
    package let stripe: UInt64

    /// On one device.
    package init(_ device: Int, _ run: DeviceRun) {
        columns = [Column(device, run)]
        stripe = run.count
    }

    /// Nil where these are not two devices or more, or do not have equally many stripes, one at least.
    package init?(_ columns: [Column], stripe: UInt64) {
        let count = columns.first?.run.count ?? 0
        guard columns.count > 1, stripe > 0, count > 0, count.isMultiple(of: stripe),
            columns.allSatisfy({ $0.run.count == count }),
            Set(columns.map(\.device)).count == columns.count
        else { return nil }
        self.columns = columns
        self.stripe = stripe
    }

    /// In pages; more than any area has where that is no number.
    package var count: UInt64 {
        let (count, overflow) = columns[0].run.count.multipliedReportingOverflow(
            by: UInt64(columns.count))
        return overflow ? .max : count
    }

    /// Where a byte of the run is, and how many follow it there.
    func place(of position: UInt64) -> (device: Int, offset: UInt64, room: UInt64) {
        let size = DeviceRun(DevicePage(0), count: stripe).end.offset
        let (turn, inStripe) = position.quotientAndRemainder(dividingBy: size)
        let (row, index) = turn.quotientAndRemainder(dividingBy: UInt64(columns.count))
        let column = columns[Int(index)]
        return (column.device, column.run.first.offset + row * size + inStripe, size - inStripe)
    }
}
