// SPDX-License-Identifier: GPL-2.0-or-later

extension RandomAccessCollection {
    /// The first index at which `isBefore` no longer holds, by binary search. Requires that it holds
    /// for some of the first elements and for none after them.
    @inlinable
    package func partitionPoint(_ isBefore: (Element) -> Bool) -> Index {
        var low = startIndex
        var count = count
        while count > 0 {
            let half = count / 2
            let middle = index(low, offsetBy: half)
            if isBefore(self[middle]) {
                low = index(after: middle)
                count -= half + 1
            } else {
                count = half
            }
        }
        return low
    }
}
