// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux

/// A device's major and minor number.
package struct DeviceNumber: Hashable, Sendable {
    package var major: UInt32
    package var minor: UInt32

    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// A C library's `dev_t`.
    init(_ number: UInt) {
        self.init(major: gnu_dev_major(number), minor: gnu_dev_minor(number))
    }

    /// "8:2", as sysfs and mountinfo write it; nil for anything else. The kernel has 12 bits for
    /// the major number and 20 for the minor (include/linux/kdev_t.h, Linux 6.12).
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts.contains(where: { $0.first == "+" }),
            let major = UInt32(parts[0]), let minor = UInt32(parts[1]),
            major < 1 << 12, minor < 1 << 20
        else { return nil }
        self.init(major: major, minor: minor)
    }
}

extension DeviceNumber: CustomStringConvertible {
    package var description: String { "\(major):\(minor)" }
}
