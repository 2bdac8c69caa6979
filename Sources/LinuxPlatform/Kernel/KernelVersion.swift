// SPDX-License-Identifier: GPL-2.0-or-later

/// A kernel's version, for what can be known of a kernel in no other way.
package struct KernelVersion: Comparable, Hashable, Sendable {
    package var major: Int
    package var minor: Int
    package var patch: Int

    package init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Of a release such as `6.12.117-kresume` or `6.17-rc3+`; nil for what does not begin like these.
    package init?(release: String) {
        let parts = release.split(
            separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        let numbers = parts.map { Int($0.prefix { $0.isASCII && $0.isWholeNumber }) }
        guard numbers.count > 1, let major = numbers[0], let minor = numbers[1] else { return nil }
        self.init(major, minor, numbers.count > 2 ? numbers[2] ?? 0 : 0)
    }

    package static func < (one: KernelVersion, other: KernelVersion) -> Bool {
        (one.major, one.minor, one.patch) < (other.major, other.minor, other.patch)
    }
}

extension KernelVersion: CustomStringConvertible {
    package var description: String {
        patch == 0 ? "\(major).\(minor)" : "\(major).\(minor).\(patch)"
    }
}
