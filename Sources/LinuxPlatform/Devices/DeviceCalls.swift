// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// The system calls that move bytes between a device and memory, as values: a test gives a device
/// others, which fail or come short where it says. The corresponding C functions have their names.
package struct DeviceCalls: Sendable {
    package typealias Transfer =
        @Sendable (
            CInt, UnsafeMutableRawPointer?, _ count: Int, _ offset: off_t
        ) -> Int

    package var pread: Transfer
    package var preadv: @Sendable (CInt, [iovec], _ offset: off_t) -> Int
    package var pwrite: Transfer
    package var fdatasync: @Sendable (CInt) -> CInt

    /// Whether ``pwrite`` reads.
    private(set) var isRehearsal = false
    /// Whether these are the kernel's, which has others that do the same.
    private(set) var isSystem = false

    package init(
        pread: @escaping Transfer,
        preadv: @escaping @Sendable (CInt, [iovec], _ offset: off_t) -> Int,
        pwrite: @escaping Transfer, fdatasync: @escaping @Sendable (CInt) -> CInt
    ) {
        self.pread = pread
        self.preadv = preadv
        self.pwrite = pwrite
        self.fdatasync = fdatasync
    }

    /// The kernel's.
    package static let system: DeviceCalls = {
        var calls = DeviceCalls(
            pread: { Glibc.pread($0, $1, $2, $3) },
            preadv: { Glibc.preadv($0, $1, CInt($1.count), $2) },
            pwrite: { Glibc.pwrite($0, $1, $2, $3) },
            fdatasync: { Glibc.fdatasync($0) })
        calls.isSystem = true
        return calls
    }()

    /// Where what nobody wants is read to, by any number of threads: a saver kernel has no memory to
    /// spare for a buffer each.
    private static let dropped = AlignedBuffer(count: 1 << 20)

    /// Reads what was to be written, and drops it. A call moves a mebibyte at most.
    package var withoutWriting: DeviceCalls {
        var calls = DeviceCalls(
            pread: pread, preadv: preadv,
            pwrite: { [pread] descriptor, _, count, offset in
                let buffer = Self.dropped.bytes
                return pread(descriptor, buffer.baseAddress, min(count, buffer.count), offset)
            },
            fdatasync: { _ in 0 })
        calls.isRehearsal = true
        return calls
    }
}
