// SPDX-License-Identifier: GPL-2.0-or-later

/// By what a device is known again to which nothing was written.
package struct DeviceMark: Hashable, Sendable {
    /// Of the device, in bytes.
    package var size: UInt64
    /// Of the first page of the image area: swap has its UUID there, and writes nothing to it. Or of the first
    /// one of the device, where the area begins on another.
    package var checksum: UInt64

    package init(size: UInt64, checksum: UInt64) {
        self.size = size
        self.checksum = checksum
    }
}

extension DeviceMark: LosslessStringConvertible {
    package var description: String { "\(size):\(String(checksum, radix: 16))" }

    package init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let size = UInt64(parts[0]),
            let checksum = UInt64(parts[1], radix: 16)
        else { return nil }
        self.init(size: size, checksum: checksum)
    }
}
