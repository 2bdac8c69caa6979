// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// While it lives, the kernel leaves some memory of this process in the page frames where it is:
/// as for a device that writes there, which is what io_uring's registered buffers are for.
///
/// Source: `io_sqe_buffer_register`, io_uring/rsrc.c, and FOLL_LONGTERM in
/// Documentation/core-api/pin_user_pages.rst, Linux 6.12.
final class MemoryPin: Sendable {
    /// The kernel takes at most 1 GiB as one buffer, and 1024 buffers before Linux 5.13.
    private static let partSize = 256 << 20

    private let ring: Ring

    /// Throws ENOSYS and EPERM where the kernel has no io_uring, or was told to give it to nobody
    /// (`kernel.io_uring_disabled`).
    init(_ memory: UnsafeMutableRawBufferPointer) throws(PlatformError) {
        ring = try Ring(entries: 1)
        let parts = stride(from: 0, to: memory.count, by: Self.partSize).map { offset in
            iovec(
                iov_base: memory.baseAddress.map { $0 + offset },
                iov_len: min(Self.partSize, memory.count - offset))
        }
        try ring.register(parts)
    }
}
