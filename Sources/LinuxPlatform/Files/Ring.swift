// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// A ring of io_uring(7). Closes itself.
final class Ring: @unchecked Sendable {
    /// Used by one thread at a time.
    let raw: OpaquePointer

    /// Throws ENOSYS and EPERM where the kernel has no io_uring, or was told to give it to nobody
    /// (`kernel.io_uring_disabled`).
    init(entries: UInt32) throws(PlatformError) {
        var ring: OpaquePointer?
        let result = linux_ring_open(entries, &ring)
        guard result == 0, let ring else {
            throw .call(.setUpRing, path: nil, Errno(rawValue: -result))
        }
        raw = ring
    }

    deinit { linux_ring_close(raw) }

    /// Once: the pages of these parts of memory stay in their frames until the ring is closed.
    func register(_ parts: [iovec]) throws(PlatformError) {
        let result = linux_ring_register(raw, parts, UInt32(parts.count))
        if result < 0 { throw .call(.registerBuffers, path: nil, Errno(rawValue: -result)) }
    }
}
