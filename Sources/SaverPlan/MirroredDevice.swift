// SPDX-License-Identifier: GPL-2.0-or-later

/// A device that is on several disks, all of it on each of them, as A sees it. The saver kernel does not put it
/// together: it writes to each of them.
package struct MirroredDevice: Hashable, Sendable {
    /// On how many.
    package var copies: Int
    /// Where its first byte is on each of them, in bytes.
    package var offset: UInt64
    /// Of the device, in bytes.
    package var size: UInt64

    package init(copies: Int, offset: UInt64, size: UInt64) {
        self.copies = copies
        self.offset = offset
        self.size = size
    }
}

extension MirroredDevice: LosslessStringConvertible {
    package var description: String { "\(copies):\(offset):\(size)" }

    package init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let copies = Int(parts[0]), copies > 0,
            let offset = UInt64(parts[1]), let size = UInt64(parts[2]),
            !offset.addingReportingOverflow(size).overflow
        else { return nil }
        self.init(copies: copies, offset: offset, size: size)
    }
}
