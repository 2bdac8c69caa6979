// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Glibc

/// Memory that begins on a page boundary, as O_DIRECT wants it. Its contents start as zero.
package struct AlignedBuffer: ~Copyable {
    /// Valid for as long as the buffer lives.
    package let bytes: UnsafeMutableRawBufferPointer

    /// No disk that swap can be on has larger logical blocks.
    package static let alignment = 4096

    /// `count` in bytes, rounded up to whole pages.
    package init(count: Int) {
        let size = max(count, 1).roundedUp(to: Self.alignment)
        bytes = .allocate(byteCount: size, alignment: Self.alignment)
        memset(bytes.baseAddress!, 0, size)
    }

    deinit { bytes.deallocate() }
}

/// One thread fills or empties a buffer at a time: its owner sees to that.
extension AlignedBuffer: @unchecked Sendable {}
