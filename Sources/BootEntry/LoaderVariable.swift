// SPDX-License-Identifier: GPL-2.0-or-later

/// The EFI variables by which systemd-boot, and others like it, say what they can and are told what to do.
///
/// Source: The Boot Loader Interface, <https://systemd.io/BOOT_LOADER_INTERFACE>.
package enum LoaderVariable {
    private static let vendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    /// What the loader can, which it has set in this boot.
    package static let features = "LoaderFeatures-\(vendor)"
    /// The name of the entry that the next boot starts; the loader takes it away then.
    package static let oneShotEntry = "LoaderEntryOneShot-\(vendor)"
    /// In bytes: more than either has.
    package static let sizeLimit = 1024

    /// Whether a loader with these features looks at ``oneShotEntry``: the fourth bit behind the attributes.
    package static func startsEntriesOnce(_ features: [UInt8]) -> Bool {
        features.count > 4 && features[4] & 1 << 3 != 0
    }

    /// A text as such a variable has it, behind the attributes: kept while the machine is off, visible to
    /// loaders and to kernels.
    package static func bytes(_ text: String) -> [UInt8] {
        let units = Array(text.utf16) + [0]
        return [7, 0, 0, 0]
            + units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }
}
