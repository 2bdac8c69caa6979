// SPDX-License-Identifier: GPL-2.0-or-later

import Fingerprint

/// A file system that the original kernel had mounted, or a device that such a one is built on, and
/// what tells whether it has changed since.
package struct FileSystemRecord: Hashable, Sendable {
    package var state: FileSystemState
    /// The device, as the original kernel called it.
    package var device: String
    /// The kind, in that kernel's words: `ext4`.
    package var kind: String
    /// Where it was mounted; empty for a device below others.
    package var mountPoint: String
    package var isReadWrite: Bool
    /// A difference is said, and keeps nobody from resuming.
    package var onlyWarns: Bool
    /// The saver kernel has not seen it: this is what the original kernel saw, which went on to use it.
    package var isAsMounted: Bool

    package init(
        state: FileSystemState, device: String, kind: String, mountPoint: String,
        isReadWrite: Bool, onlyWarns: Bool, isAsMounted: Bool
    ) {
        self.state = state
        self.device = device
        self.kind = kind
        self.mountPoint = mountPoint
        self.isReadWrite = isReadWrite
        self.onlyWarns = onlyWarns
        self.isAsMounted = isAsMounted
    }
}
